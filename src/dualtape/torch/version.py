"""`torch.version`: the version of PyTorch whose behaviour this is."""

from .settings import TorchVersion

__version__ = TorchVersion("2.13.0+cpu")
cuda = None
hip = None
xpu = None
debug = False
git_version = "unknown"
