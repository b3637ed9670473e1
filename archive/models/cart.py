"""Carts: frames that a reader has put together, to have them as one download."""

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q


class Cart(models.Model):
    """The frames that one reader has put together. A reader without a user is known by the session alone.

    Ids stand in one column: a row for each would cost ten thousand rows and their indexes, for what is read only as a
    whole, and a statement more for every frame that is deleted; docs/decisions/0037 says more.
    """

    owner = models.OneToOneField(
        User, null=True, on_delete=models.CASCADE, related_name="cart", help_text="Null: the session that names it"
    )
    frame_ids = ArrayField(
        models.BigIntegerField(), default=list, help_text="Once each, in the order in which they were put in"
    )
    n_frames = models.GeneratedField(
        expression=Func(F("frame_ids"), function="cardinality"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    changed_at = models.DateTimeField(help_text="Last change, UTC")

    class Meta:
        indexes = [models.Index(fields=["changed_at"], name="cart_of_nobody", condition=Q(owner=None))]

    def __str__(self) -> str:
        return f"cart of {self.owner_id or 'a session'}"
