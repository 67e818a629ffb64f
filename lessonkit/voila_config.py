"""Settings of Voila, which the wheel installs as `etc/jupyter/voila.py` in its environment."""

from lessonkit.voila import only_labs

c.VoilaConfiguration.prelaunch_hook = only_labs  # type: ignore[name-defined]  # noqa: F821
