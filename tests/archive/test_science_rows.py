"""Each table of the archive is either told as science, or is known not to be."""

from django.apps import apps

from archive.domain.science.tables import BY_MODEL

# decisions/0028 says of each why it is not restored.
NOT_SCIENCE = {
    "CachedImage",
    "DoomedBytes",
    "Event",
    "ExpiryRule",
    "ExposureFile",
    "FrozenSelection",
    "InfoImage",
    "NightNote",
    "OwnExpiry",
    "PipelineSwitch",
    "PortalMembership",
    "ProductAttempt",
    "Profile",
    "QuarantinedFile",
    "ReceivedObject",
    "Site",
    "SiteConfiguration",
    "UploadEntry",
    "UploadTicket",
}


def test_every_table_is_told_or_known_not_to_be_science():
    models = {model.__name__ for model in apps.get_app_config("archive").get_models()}
    told = {model.__name__ for model in BY_MODEL}
    tallies = {name for name in models if "Tally" in name}
    assert models - told - tallies == NOT_SCIENCE
