"""Accounts of NativeAuthenticator, whose administrators come from a Secret."""

import json
import os
import sys
import unicodedata
from pathlib import Path

import bcrypt
from jupyterhub import orm
from jupyterhub.utils import new_token
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import (
    DiscardHandler,
    LoginHandler,
    ToggleAuthorizationHandler,
    admin_users_scope,
)
from nativeauthenticator.orm import UserInfo
from tornado.escape import xhtml_escape

MIN_PASSWORD_CHARACTERS = 12
MAX_PASSWORD_BYTES = 72  # bcrypt does not take more
LOGIN_FAILED = "Invalid username or password, or no administrator has authorized you yet."
CONFIRMATION = """<!DOCTYPE html><title>Confirm</title>
<form method="post">{token}Change the account <b>{name}</b>? <button type="submit">Yes</button></form>
"""
PASSWORD = os.environ.get("HUB_ADMIN_PASSWORD", "")
ADMINS = Path(os.environ.get("HUB_STATE", "/srv/hub")) / "native-admins.json"  # those who have their password


def check_password():
    """Exit unless the Secret has a usable password."""
    if len(PASSWORD) < MIN_PASSWORD_CHARACTERS or is_too_long(PASSWORD):
        sys.exit(
            "passwordSecretName: the administrators' password must have at least "
            f"{MIN_PASSWORD_CHARACTERS} characters and at most {MAX_PASSWORD_BYTES} bytes"
        )


def folded(name):
    """Return a form that is equal for names which look the same but for case, width, and spaces."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def is_too_long(password):
    """Return whether bcrypt refuses the password."""
    return len(password.encode()) > MAX_PASSWORD_BYTES


class NativeLoginHandler(LoginHandler):
    """The login page, which answers 403 to a failed login, as JupyterHub's own does.

    That of NativeAuthenticator 1.3.0 uses `statsd`, which JupyterHub 6 removed.
    """

    async def post(self):
        """Log in, and continue to the requested page."""
        data = {name: self.get_body_argument(name, strip=False) for name in self.request.body_arguments}
        user = await self.login_user({"username": "", "password": "", **data})
        if user:
            self._jupyterhub_user = user  # as JupyterHub's handler does, for the log
            self.redirect(self.get_next_url(user))
            return
        self.set_status(403)
        self.finish(await self._render(login_error=LOGIN_FAILED, username=data.get("username")))

    def _render(self, login_error=None, username=None, **_):
        """Render the form; JupyterHub also passes what its own error page shows."""
        return super()._render(login_error, username)


class ConfirmedHandler:
    """Asks before it changes an account.

    NativeAuthenticator changes it on GET: a link that an administrator follows would authorize its author.
    """

    @admin_users_scope
    async def get(self, name):
        """Show a form, whose token another site can't know."""
        self.finish(CONFIRMATION.format(name=xhtml_escape(name), token=self.xsrf_form_html()))

    @admin_users_scope
    async def post(self, name):
        """Change the account."""
        await super().get(name)


class ConfirmedToggleHandler(ConfirmedHandler, ToggleAuthorizationHandler):
    """Authorizes a user, or withdraws that."""


class ConfirmedDiscardHandler(ConfirmedHandler, DiscardHandler):
    """Deletes the account of a user who is not authorized."""


class NativeAccounts(NativeAuthenticator):
    """NativeAuthenticator without trust in names: nobody gets rights by signing up first."""

    def __init__(self, *args, **kwargs):
        """Create the administrators' accounts, which is before the hub listens."""
        super().__init__(*args, **kwargs)
        check_password()
        self._create_admins()

    def get_handlers(self, app):
        """Return the pages of NativeAuthenticator, with another login page."""
        pages = super().get_handlers(app)
        own = {
            LoginHandler: NativeLoginHandler,
            ToggleAuthorizationHandler: ConfirmedToggleHandler,
            DiscardHandler: ConfirmedDiscardHandler,
        }
        return [(path, own.get(page, page)) for path, page in pages]

    async def authenticate(self, handler, data):
        """Return the user's name, or None."""
        return None if is_too_long(data["password"]) else await super().authenticate(handler, data)

    def is_password_strong(self, password):
        """Return whether a new password is acceptable."""
        return not is_too_long(password) and super().is_password_strong(password)

    def create_user(self, username, password, **kwargs):
        """Sign up a user; None for a name that is, or resembles, an administrator's."""
        if not username.isprintable() or folded(username) in map(folded, self.admin_users):
            return None
        return super().create_user(username, password, **kwargs)

    def get_authed_users(self):
        """Return the users whom an administrator has authorized; those who sign up are never among them."""
        return {info.username for info in UserInfo.all_users(self.db) if info.is_authorized}

    def _create_admins(self):
        """Give each new name in adminUsers the Secret's password, even if that account exists."""
        admins = {self.normalize_username(name) for name in self.admin_users}
        known = set(json.loads(ADMINS.read_text(encoding="utf-8"))) if ADMINS.exists() else set()
        for name in sorted(admins - known):
            self._reset_account(name)
        self.db.commit()
        new = ADMINS.with_suffix(".new")
        new.write_text(json.dumps(sorted(admins)), encoding="utf-8")
        new.replace(ADMINS)

    def _reset_account(self, name):
        """Set the Secret's password, and end the sessions and tokens of the account."""
        account = self.get_user(name) or UserInfo(username=name)
        account.password = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt())
        account.is_authorized, account.has_2fa = True, False
        self.db.add(account)
        user = self.db.query(orm.User).filter_by(name=name).one_or_none()
        if user is not None:
            user.cookie_id = new_token()
            for token in list(user.api_tokens):
                self.db.delete(token)
