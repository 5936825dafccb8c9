"""Every admin route names the role it is for, or is one of Flask-Security's own."""

from __future__ import annotations

from flask import Flask

from petition.accounts import ROLES

# Flask-Security guards these itself; a new one is looked at before it is added here.
LOGIN_ROUTES = {
    "security.login",
    "security.logout",
    "security.verify",
    "security.two_factor_setup",
    "security.two_factor_setup_validate",
    "security.two_factor_token_validation",
    "security.two_factor_rescue",
    "security.forgot_password",
    "security.reset_password",
    "security.change_password",
    "security.mf_recovery_codes",
    "security.mf_recovery",
    "security.tf_select",
    "security.wan_register",
    "security.wan_register_response",
    "security.wan_signin",
    "security.wan_signin_response",
    "security.wan_delete",
    "security.wan_verify",
    "security.wan_verify_response",
}


def test_every_admin_route_has_a_gate(sqlite_app: Flask) -> None:
    for rule in sqlite_app.url_map.iter_rules():
        if rule.rule.startswith("/admin") and rule.endpoint not in LOGIN_ROUTES:
            assert getattr(sqlite_app.view_functions[rule.endpoint], "gate", None) in ROLES, rule.rule
    assert any(rule.endpoint == "admin.decide" for rule in sqlite_app.url_map.iter_rules())


def test_nothing_of_the_log_in_stands_outside_the_admin(sqlite_app: Flask) -> None:
    for rule in sqlite_app.url_map.iter_rules():
        if rule.endpoint.startswith("security."):
            assert rule.endpoint in LOGIN_ROUTES
            assert rule.rule.startswith("/admin/")
