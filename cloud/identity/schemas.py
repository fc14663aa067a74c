"""What the API says about users and sessions."""

from pydantic import BaseModel


class LoginIn(BaseModel):
    """A user name and a password."""

    username: str
    password: str


class SessionOut(BaseModel):
    """Who is logged in; permissions are names such as `orders.write`."""

    username: str
    display_name: str
    role: str
    permissions: list[str]
