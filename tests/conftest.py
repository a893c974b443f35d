"""How the property tests run: no deadline, since a busy machine is not a bug."""

from hypothesis import settings

settings.register_profile("patient", parent=settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("patient")
