"""Which tests go to one process when a run is spread over several."""

from xdist.scheduler import LoadFileScheduling

# Who asks for the simulated night, and for what is made of it.
ONE_NIGHT = ("tests/pipeline/reductions/", "tests/pipeline/restoring/test_simulated_night.py")


class FilesInOneProcess(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """`--dist loadfile`, with the files of a group together: their dear fixture is then made once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return ONE_NIGHT[0] if file.startswith(ONE_NIGHT) else file
