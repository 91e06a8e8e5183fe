"""CGM-GM: ground motions of one component from a dynamic variational autoencoder."""

__all__: list[str] = []
