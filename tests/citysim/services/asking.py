"""How a client asks each platform, for tests that ask more than one."""

import hashlib
import hmac
import secrets
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import requests

from citysim.clock import beijing_text
from citysim.services import RunningCity


def log_in(city: RunningCity, password: str = "city-cloud-password", user: str = "hutong") -> requests.Response:
    """The cloud-control platform's answer to a login."""
    sent = {"username": user, "password": password}
    return requests.post(f"{city.cloud_control}/api/v1/login", json=sent, timeout=10)


def bearer(city: RunningCity) -> dict[str, str]:
    """The header that a logged-in client sends."""
    return {"Authorization": "Bearer " + log_in(city).json()["data"]["access_token"]}


def call_police(
    city: RunningCity, begin: str, end: str, licence: str = "CITY-LICENCE-0001", interface: str = "03C01"
) -> requests.Response:
    """The police platform's answer for accidents updated in [begin, end)."""
    condition = f"<kssj>{quote(begin)}</kssj><jssj>{quote(end)}</jssj>"
    document = f'<?xml version="1.0" encoding="GBK"?><root><QueryCondition>{condition}</QueryCondition></root>'
    body = (
        '<?xml version="1.0" encoding="GBK"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<t:queryObjectOut xmlns:t="http://ws.trffweb.qy.com">'
        f"<xtlb>03</xtlb><jkxlh>{escape(licence)}</jkxlh><jkid>{interface}</jkid>"
        f"<QueryXmlDoc>{escape(document)}</QueryXmlDoc></t:queryObjectOut></soapenv:Body></soapenv:Envelope>"
    )
    return requests.post(
        f"{city.traffic_safety}/services/TmriOutAccess",
        data=body.encode("gbk"),
        headers={"Content-Type": "text/xml; charset=GBK"},
        timeout=10,
    )


def window(city: RunningCity, begin_s: int = 0, end_s: int = 3600) -> dict[str, Any]:
    """The transport platform's window parameters."""
    start = city.recording_start
    return {
        "startTime": beijing_text(start + timedelta(seconds=begin_s)),
        "endTime": beijing_text(start + timedelta(seconds=end_s)),
    }


def signed(params: dict[str, Any], secret: str = "city-transport-secret") -> dict[str, str]:
    """The parameters with key, time, nonce and signature, as the transport platform wants them."""
    sent = {name: str(value) for name, value in params.items()}
    sent.setdefault("appKey", "hutong-city")
    sent.setdefault("timestamp", str(time.time_ns() // 1_000_000))
    sent.setdefault("nonce", secrets.token_hex(8))
    text = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
    sent["sign"] = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return sent


def call_transport(city: RunningCity, params: dict[str, str]) -> requests.Response:
    """The transport platform's answer for section flow."""
    return requests.get(f"{city.transport_info}/openapi/v1/section/flow", params=params, timeout=20)
