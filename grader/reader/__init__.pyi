from .verifier import Verifier as Verifier
