"""Who may ask, how often, from where, and what browsers are told."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse_many
from werkzeug.middleware.proxy_fix import ProxyFix

from vidkind.errors import ConfigError
from vidkind.service.options import ServiceOptions
from vidkind.service.problems import RequestError

_MIN_KEY = 16
_OPEN = ("/", "/healthz", "/readyz", "/api/v1/openapi.json")
_SAFE_METHODS = ("GET", "HEAD")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def secure(app: Flask, options: ServiceOptions) -> None:
    """Puts the checks before, and the headers behind, every request of an application.

    Raises:
        ConfigError: The file of keys cannot be read or holds a key that is too short, or the rate
            limit cannot be parsed.
    """
    if options.proxies:
        count = options.proxies
        fix = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = fix  # type: ignore[method-assign]
    # Against pages that let their own name resolve to this machine; its own names are nobody's.
    if options.public_hosts or options.host in _LOOPBACK:
        hosts = (*options.public_hosts, *_LOOPBACK)
        app.config["TRUSTED_HOSTS"] = [f"[{h}]" if ":" in h else h for h in hosts]
    keys = read_keys(options.api_keys)
    app.before_request(_refuse_other_sites)
    if keys:
        app.before_request(lambda: _check_key(keys))
    app.after_request(_add_headers)
    _limit_rate(app, options)


def read_keys(path: Path | None) -> tuple[bytes, ...]:
    """SHA-256 of each key of a file; none without a file.

    Raises:
        ConfigError: The file cannot be read, holds no key, or one that is too short.
    """
    if path is None:
        return ()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read; expected a text file of API keys") from error
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys or min(map(len, keys)) < _MIN_KEY:
        raise ConfigError(
            f"{path} holds no key, or one that is too short; expected one key a line, of at least "
            f"{_MIN_KEY} characters"
        )
    return tuple(hashlib.sha256(key.encode()).digest() for key in keys)


def _given_key() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")


def _check_key(keys: tuple[bytes, ...]) -> Response | None:
    if request.path in _OPEN or request.path.startswith("/static/"):
        return None
    given = hashlib.sha256(_given_key().encode()).digest()
    # Every key is compared, so that the time taken says nothing.
    known = [hmac.compare_digest(given, key) for key in keys]
    if not any(known):
        raise RequestError(
            "Unauthorized", "no known API key; expected one in 'Authorization: Bearer KEY'"
        )
    return None


def _refuse_other_sites() -> None:
    """Another site's page must not use a visitor's browser to post here."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if site not in ("none", "same-origin") or foreign:
        raise RequestError(
            "Forbidden", "the request comes from another site; expected this one or none"
        )


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _limit_rate(app: Flask, options: ServiceOptions) -> None:
    if options.rate_limit is None:
        return
    _check_rate(options.rate_limit)
    Limiter(
        _client,
        app=app,
        default_limits=[options.rate_limit],
        default_limits_exempt_when=lambda: request.method in (*_SAFE_METHODS, "DELETE"),
        storage_uri=options.queue or "memory://",
        headers_enabled=True,
    )


def _check_rate(text: str) -> None:
    # Flask-Limiter parses it at the first request only, and then refuses every one.
    try:
        useful = all(limit.amount > 0 for limit in parse_many(text))
    except ValueError:
        useful = False
    if not useful:
        raise ConfigError(
            f"rate_limit is {text!r}; expected a number of posts and a time: '60 per minute'"
        )


def _client() -> str:
    key = _given_key()
    return hashlib.sha256(key.encode()).hexdigest() if key else get_remote_address()
