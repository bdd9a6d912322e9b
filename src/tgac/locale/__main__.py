"""`python -m tgac.locale`: bring the `.po` files up to date and list what is still to be translated."""

import sys

from tgac.locale.catalogue import LANGUAGES, update

missing = [f"{language}: {message}" for language in LANGUAGES for message in update(language)]
sys.stdout.writelines(f"{line}\n" for line in missing)
sys.exit(1 if missing else 0)
