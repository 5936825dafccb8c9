"""The page of webhooks: added by an owner with its secret shown once, tried, switched, and removed."""

from __future__ import annotations

import re
import threading

from flask.testing import FlaskClient

from petition.db import db
from petition.webhooks import delivering
from petition.webhooks.models import Webhook, WebhookDelivery
from tests import factories
from tests.admin import people


def test_an_owner_adds_tries_and_removes_a_webhook(sqlite_client: FlaskClient) -> None:
    owner = people.member("owner")
    browser, team = people.browser(owner), str(owner.memberships[0].team_id)
    good = {"team": team, "url": "https://hooks.example.com/", "events": "signature.published"}
    for wrong in ({"url": "http://hooks.example.com/"}, {"url": "https://10.0.0.1/"}, {"events": ""}):
        refused = people.post(browser, "/admin/webhooks", **good | wrong)
        assert (refused.status_code, 'class="fault"' in refused.text) == (422, True), wrong
    answer = people.post(browser, "/admin/webhooks", team=team, url="https://hooks.example.com/in?key=abc", events="signature.published")
    page = browser.get(answer.location)
    secret = re.search(r'value="(whsec_[^"]+)"', page.text)
    assert secret is not None
    assert "whsec_" not in browser.get(answer.location).text, "shown once"
    assert people.post(browser, f"{answer.location}/test").status_code == 303
    db.session.rollback()  # a read that stands open would not see what was queued since
    while delivering.work(factories.config(), clock=factories.now, stop=threading.Event(), send=lambda *_: 204):
        pass
    shown = browser.get(answer.location).text
    assert "delivered" in shown and '<code dir="ltr">204</code>' in shown
    for status in (303, 303, 429):
        tried = people.post(browser, f"{answer.location}/test")
        assert tried.status_code == status, "a few a minute"
    assert "another one in a minute" in tried.text and tried.headers["Retry-After"] == "60"
    people.post(browser, f"{answer.location}/disable")
    assert people.post(browser, f"{answer.location}/test").status_code == 409
    people.post(browser, f"{answer.location}/enable")
    people.post(browser, f"{answer.location}/rotate")
    renewed = re.search(r'value="(whsec_[^"]+)"', browser.get(answer.location).text)
    assert renewed is not None and renewed[1] != secret[1]
    assert people.post(browser, f"{answer.location}/remove").location == "/admin/webhooks"
    assert (db.session.query(Webhook).count(), db.session.query(WebhookDelivery).count()) == (0, 0)
    steps = [each.action for each in people.recorded("webhook.added") + people.recorded("webhook.removed")]
    assert steps == ["webhook.added", "webhook.removed"]
    assert "abc" not in str([each.details for each in people.recorded("webhook.added")]), "a key in an address is in no trail"
