"""What staff fills in about a user. Fields say what is wrong with them in plain words, beside them."""

import re
from typing import Any

from django import forms
from django.contrib.auth.models import User

from archive.domain import people, people_rules
from archive.errors import NotFoundError
from archive.web.staff.parts import LONGEST_REASON

MOST_PROGRAMMES = 200  # at once
SEPARATORS = re.compile(r"[\s,;]+")
NAME, ADDRESS = 150, 254  # letters, as Django keeps them


def reason_field() -> forms.CharField:
    """Why; nobody has to say."""
    return forms.CharField(required=False, max_length=LONGEST_REASON)


class AccountForm(forms.Form):
    """What can be changed of every user."""

    email = forms.EmailField(required=False, max_length=ADDRESS)
    first_name = forms.CharField(required=False, max_length=NAME)
    last_name = forms.CharField(required=False, max_length=NAME)
    reason = reason_field()

    def columns(self) -> dict[str, str]:
        """Columns of the user's row, as they shall be."""
        return {name: self.cleaned_data[name] for name in ("email", "first_name", "last_name")}


class ProgrammesField(forms.CharField):
    """Ids of programmes, with commas, blanks or new lines between."""

    def clean(self, value: Any) -> Any:
        """The ids, once each. Raises ValidationError for those that the archive's list does not have."""
        ids = [name for name in SEPARATORS.split(super().clean(value)) if name]
        if len(ids) > MOST_PROGRAMMES:
            raise forms.ValidationError(f"Give up to {MOST_PROGRAMMES} programmes at once.")
        try:
            return [proposal.pk for proposal in people.proposals_named(ids)]
        except NotFoundError as error:
            text = str(error)
            raise forms.ValidationError(text[0].upper() + text[1:]) from error


class ProgrammesForm(forms.Form):
    """Programmes that a user shall hold too."""

    programmes = ProgrammesField(error_messages={"required": "Give the id of a programme."})
    reason = reason_field()


class NewUserForm(AccountForm):
    """A new user. Rights and programmes are asked of superusers alone."""

    username = forms.CharField(
        max_length=NAME,
        validators=[User.username_validator],
        error_messages={
            "required": "Give the name with which the user logs in.",
            "invalid": "Use letters, digits and @ . + - _ alone.",
        },
    )
    rights = forms.ChoiceField(choices=[(each, each) for each in people_rules.RIGHTS], required=False)
    programmes = ProgrammesField(required=False)
    field_order = ["username", "email", "first_name", "last_name", "rights", "programmes", "reason"]

    def clean_username(self) -> str:
        """Say so when somebody is called like this; names that differ in large letters alone would be mistaken."""
        name: str = User.normalize_username(self.cleaned_data["username"])
        if taken := User.objects.filter(username__iexact=name).values_list("username", flat=True).first():
            raise forms.ValidationError(f"There is a user {taken} already.")
        return name
