"""What pgspec installs beside a project's own objects: the registry of what was deployed, the cache, the session."""

from pgspec.runtime.alerts import alert_runtime
from pgspec.runtime.cache import PENDING, cache_runtime
from pgspec.runtime.checks import VERIFICATION, verification
from pgspec.runtime.event_logs import event_log_objects
from pgspec.runtime.registry import FINGERPRINT, REGISTRY, registry
from pgspec.runtime.session import claim_keys, session
from pgspec.runtime.upkeep import DRAINING, MAINTENANCE, upkeep

__all__ = [
    "DRAINING",
    "FINGERPRINT",
    "MAINTENANCE",
    "PENDING",
    "REGISTRY",
    "VERIFICATION",
    "alert_runtime",
    "cache_runtime",
    "claim_keys",
    "event_log_objects",
    "registry",
    "session",
    "upkeep",
    "verification",
]
__all__ = ["FINGERPRINT", "PENDING", "REGISTRY", "alert_runtime", "cache_runtime", "claim_keys", "registry", "session"]
