"""What pgspec installs beside a project's own objects: the registry of what was deployed, the cache, the session."""

from pgspec.runtime.cache import PENDING, cache_runtime
from pgspec.runtime.registry import FINGERPRINT, REGISTRY, registry
from pgspec.runtime.session import claim_keys, session

__all__ = ["FINGERPRINT", "PENDING", "REGISTRY", "cache_runtime", "claim_keys", "registry", "session"]
