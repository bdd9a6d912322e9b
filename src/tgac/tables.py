"""Every table, imported once: for the migrations and for whoever makes an empty database."""

from tgac.bots import models as bots
from tgac.channels import models as channels
from tgac.comments import models as comments
from tgac.journal import models as journal
from tgac.kit.db.base import Base
from tgac.kit.queue import table as queue
from tgac.kit.web import idempotency
from tgac.people import models as people
from tgac.posts import models as posts
from tgac.proxies import models as proxies
from tgac.settings import models as settings
from tgac.tasks import models as tasks

MODULES = (bots, channels, comments, idempotency, journal, people, posts, proxies, queue, settings, tasks)
METADATA = Base.metadata
