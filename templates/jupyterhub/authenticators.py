"""Authenticators without passwords, and the rule that the parameters decide who may log in."""

from jupyterhub.auth import Authenticator


def by_parameters(kind):
    """Return that kind of authenticator, made to forget in a restart whom the parameters no longer name."""

    class ByParameters(kind):
        auth_refresh_strict = True  # JupyterHub 6: tokens too

        async def refresh_user(self, user, handler=None):
            """Let old cookies and tokens count for who is named, or has logged in since the hub's start."""
            known = self.allow_all or user.name in self.allowed_users or user._auth_refreshed
            return known and await super().refresh_user(user, handler)

    return ByParameters


class BlankPasswordAuthenticator(Authenticator):
    """Lets in the users of a list, without a password. Whoever types one expects it to count: refused."""

    async def authenticate(self, handler, data):
        """Return the user's name, or None."""
        return None if data["password"] else data["username"]


class AnyPasswordAuthenticator(Authenticator):
    """Lets in whoever may, with whatever password, as the hub of Kubeflow 0.2.5 did."""

    async def authenticate(self, handler, data):
        """Return the user's name."""
        return data["username"]
