"""The notebooks' spawner: KubeSpawner, which says on the form what it can't take."""

import re

from kubespawner import KubeSpawner


class FormSpawner(KubeSpawner):
    """Looks at what is typed while the form can still show a fault; KubeSpawner leaves it to the log."""

    def _options_from_form(self, formdata):
        """Return what was chosen, or raise ValueError."""
        found = super()._options_from_form(formdata)
        if isinstance(self.profile_list, list) and self.profile_list:  # extraConfig may make it a function
            profile = self._get_profile(
                found.get("profile"), self._get_initialized_profile_list(self.profile_list)
            )
            for name, option in profile.get("profile_options", {}).items():
                check(option, found.get(name), found.get(f"{name}--unlisted-choice"))
        return found


def check(option, chosen, typed):
    """Raise ValueError unless what is chosen is in the list, or what is typed instead is as expected."""
    other = option.get("unlisted_choice") or {}
    if typed is None:
        fine = chosen is None or chosen in option.get("choices", {})
    else:
        fine = typed and re.fullmatch(other.get("validation_regex") or ".*", typed)
    if not fine:
        expected = other.get("validation_message") or "choose from the list"
        raise ValueError(f"{option['display_name']} can't be {typed or 'empty'}: {expected}")
