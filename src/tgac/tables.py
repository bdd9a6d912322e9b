"""Every table, imported once: for the migrations and for whoever makes an empty database."""

from tgac.bots import models as bots
from tgac.channels import clients_models as clients
from tgac.channels import models as channels
from tgac.channels import playlists_models as playlists
from tgac.comments import models as comments
from tgac.journal import models as journal
from tgac.kit.db.base import Base
from tgac.kit.queue import table as queue
from tgac.kit.web import idempotency
from tgac.notices import models as notices
from tgac.onboarding import models as onboarding
from tgac.people import models as people
from tgac.posts import models as posts
from tgac.profiles import models as profiles
from tgac.proxies import models as proxies
from tgac.settings import models as settings
from tgac.tasks import media_models as media
from tgac.tasks import models as tasks

MODULES = (
    bots,
    channels,
    clients,
    comments,
    idempotency,
    journal,
    media,
    notices,
    onboarding,
    people,
    playlists,
    posts,
    profiles,
    proxies,
    queue,
    settings,
    tasks,
)
METADATA = Base.metadata
