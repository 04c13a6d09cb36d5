"""The sign-in pages as HTML: no script, light and dark, usable by keyboard and screen reader."""

from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse

from app.headers import login_policy

HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": login_policy()}


@dataclass(frozen=True)
class Field:
    """One labelled input."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""


@dataclass(frozen=True)
class Form:
    """One step: where it is sent, what it asks, and what its button says."""

    title: str
    action: str
    button: str
    fields: tuple[Field, ...] = ()
    text: str = ""


SIGN_IN = Form(
    "Sign in",
    "/login",
    "Sign in",
    (
        Field("name", "User name", autocomplete="username"),
        Field("password", "Password", "password", "current-password"),
    ),
)
CODE = Form(
    "Second step",
    "/login/code",
    "Continue",
    (
        Field(
            "code",
            "Code",
            autocomplete="one-time-code",
            hint="The six digits your authenticator shows now, or one of your recovery codes.",
        ),
    ),
)
NEW_PASSWORD = Form(
    "Choose a new password",
    "/login/password",
    "Save and continue",
    (
        Field(
            "new",
            "New password",
            "password",
            "new-password",
            hint="At least 12 characters. A few unrelated words make a good one.",
        ),
        Field("again", "The same again", "password", "new-password"),
    ),
    text="The password you were given was for the first sign-in only.",
)
SIGN_OUT = Form("Sign out", "/logout", "Sign out", text="Your work is kept.")


def form_page(
    form: Form, wanted: str = "/", error: str = "", status: int = 200, name: str = ""
) -> HTMLResponse:
    """A page with one form; `wanted` is the address to go to in the end."""
    values = {"name": name}
    asked = next((field for field in form.fields if not values.get(field.name)), None)
    inputs = "".join(_input(f, values.get(f.name, ""), f is asked) for f in form.fields)
    alert = f'<p class="error" role="alert" id="error">{escape(error)}</p>' if error else ""
    text = f"<p>{escape(form.text)}</p>" if form.text else ""
    body = (
        f'{alert}{text}<form method="post" action="{form.action}">'
        f'<input type="hidden" name="next" value="{escape(wanted)}">{inputs}'
        f'<button type="submit">{escape(form.button)}</button></form>'
    )
    return _page(form.title, body, status)


def provider_page(link: str, error: str = "", status: int = 200) -> HTMLResponse:
    """The page that leads to the identity provider."""
    alert = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    body = f'{alert}<a class="button" href="{escape(link)}">Sign in with your company account</a>'
    return _page("Sign in", body, status)


def _input(field: Field, value: str, is_first: bool) -> str:
    hint_id = f"{field.name}-hint"
    described = f' aria-describedby="{hint_id}"' if field.hint else ""
    hint = f'<p class="hint" id="{hint_id}">{escape(field.hint)}</p>' if field.hint else ""
    return (
        f'<label for="{field.name}">{escape(field.label)}</label>'
        f'<input{" autofocus" if is_first else ""} id="{field.name}" name="{field.name}"'
        f' type="{field.kind}" required'
        f' autocomplete="{field.autocomplete}" autocapitalize="none" spellcheck="false"'
        f' maxlength="200" value="{escape(value)}"{described}>{hint}'
    )


def _page(title: str, body: str, status: int) -> HTMLResponse:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} · MLAAS</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/login/style.css"></head>'
        f'<body><main><p class="brand">MLAAS</p><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
    return HTMLResponse(html, status, HEADERS)
