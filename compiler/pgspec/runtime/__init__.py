"""What pgspec installs beside a project's own objects: the registry of what was deployed, and the cache runtime."""

from pgspec.runtime.cache import PENDING, cache_runtime
from pgspec.runtime.registry import FINGERPRINT, REGISTRY, registry

__all__ = ["FINGERPRINT", "PENDING", "REGISTRY", "cache_runtime", "registry"]
