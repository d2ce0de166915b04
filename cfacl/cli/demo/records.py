"""Made-up records for all thirty families, the same ones for the same number of users."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from cfacl.cli.demo.scenario import NOW

if TYPE_CHECKING:
    from faker import Faker

#: Everything random starts from here.
SEED: Final = 20_261_001

_NOW: Final = datetime.fromisoformat(NOW)
#: Country, language and the middle of its capital.
_PLACES: Final = (
    ("SG", "en", 1.35, 103.82), ("US", "en", 38.9, -77.04), ("DE", "de", 52.52, 13.4),
    ("FR", "fr", 48.86, 2.35), ("JP", "ja", 35.68, 139.69), ("BR", "pt", -15.79, -47.88),
)  # fmt: skip
_HUBS: Final = ("hub-1", "hub-2", "hub-2s")
_DEVICES: Final = ("bulb-e27", "lock-2", "cam-in", "cam-out", "thermo-3", "blind-1")
_ACCESSORIES: Final = ("lamp", "lock", "camera", "thermostat", "blind")
_FIRMWARE: Final = ("3.9.4", "4.0.0", "4.1.2", "4.2.0")
_PHONES: Final = (("Android", "16", "Pixel 9"), ("Android", "15", "Galaxy S25"), ("iOS", "19.1", "iPhone 17"))
_CRASHES: Final = ("null-hub", "mesh-timeout", "oom-scene", "tls-renew")
_AGREEMENTS: Final = ("service", "usage_program", "marketing.first_party")


class Record(NamedTuple):
    """One row: the values of each of its families by column, as text or bytes."""

    table: str
    key: bytes
    families: Mapping[str, Mapping[str, str | bytes]]


def key(table: str, *numbers: int) -> bytes:
    """Return a row key: 128 bits in hex that tell nothing, and nothing about the keys of other tables."""
    name = ",".join(map(str, numbers)).encode()
    return hashlib.blake2b(name, digest_size=16, key=table.encode()).hexdigest().encode()


def records(users: int) -> Iterator[Record]:
    """Yield the records of one user after the other, then those of nobody.

    Raises:
        ImportError: Faker is not installed.
    """
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(SEED)
    dice = random.Random(SEED)  # noqa: S311  # made-up data, the same every time
    for number in range(users):
        yield from _User(number, fake, dice).records()
    for number in range(40):
        count = {
            "count": str(dice.randrange(50, 5000)),
            "k": "50",
            "epsilon": "1.0",
            "query_hash": dice.randbytes(8).hex(),
        }
        yield Record("stats", key("stats", number), {"agg": count})


class _User:
    """One user, and all that the backend holds because of them."""

    def __init__(self, number: int, fake: Faker, dice: random.Random) -> None:
        self.number = number
        self.fake = fake
        self.dice = dice
        self.name = fake.name()
        self.email = fake.email()
        self.phone = fake.numerify("+1-555-01##-####")
        self.country, self.language, self.latitude, self.longitude = dice.choice(_PLACES)
        self.opted_in = self._chance(40)
        self.offers = self._chance(30)
        self.owner = key("account", number).decode()

    def records(self) -> Iterator[Record]:
        yield self._account()
        yield from self._consents()
        yield from self._home()
        yield from self._devices()
        yield from self._orders()
        yield from self._programmes()
        yield from self._requests()

    def _ago(self, days: int) -> str:
        return (_NOW - timedelta(days=self.dice.randrange(days), seconds=self.dice.randrange(86_400))).isoformat()

    def _chance(self, percent: int) -> bool:
        return self.dice.randrange(100) < percent

    def _account(self) -> Record:
        minor = self._chance(2)
        profile: dict[str, str | bytes] = {
            "language": self.language,
            "country": self.country,
            "residency": self.country,
            "minor_flag": "yes" if minor else "no",
            "created": self._ago(900),
        }
        if minor:
            profile["guardian_ref"] = key("account", self.number, 0)
        return Record(
            "account",
            key("account", self.number),
            {
                "id": {
                    "name": self.name,
                    "email": self.email,
                    "phone": self.phone,
                    "email_bidx": _blind(self.email),
                    "phone_bidx": _blind(self.phone),
                },
                "auth": {
                    "password_hash": "scrypt$" + self.dice.randbytes(16).hex(),
                    "mfa_secret": self.dice.randbytes(10).hex(),
                    "verification_events": f"email {self._ago(900)}",
                },
                "prof": profile,
            },
        )

    def _consents(self) -> Iterator[Record]:
        for i, (purpose, given) in enumerate(zip(_AGREEMENTS, (True, self.opted_in, self.offers), strict=True)):
            cells: dict[str, str | bytes] = {
                "purpose": purpose,
                "verb": "opt_in",
                "state": "given" if given else "refused",
                "notice_version": "7",
                "channel": "app",
                "ts": self._ago(900),
                "receipt_hash": self.dice.randbytes(16).hex(),
            }
            yield Record("consent", key("consent", self.number, i), {"rec": cells})

    def _home(self) -> Iterator[Record]:
        accessories = self.dice.randrange(1, 6)
        counts = {"room_count": str(self.dice.randrange(1, 8)), "accessory_count": str(accessories)}
        ops = {"hub_model": self.dice.choice(_HUBS), "tz_offset": "+08:00", **counts, "schema_ver": "12"}
        yield Record("home", key("home", self.number), {"ops": ops})
        for i in range(accessories):
            where = {"room_id": f"r{i % 3}", "accessory_id": key("home", self.number, i, 0)[:8].decode()}
            yield Record(
                "home",
                key("home", self.number, i),
                {
                    "map": {**where, "accessory_type": self.dice.choice(_ACCESSORIES)},
                    "seal": {name: self.dice.randbytes(28) for name in ("room_name", "accessory_name", "scene_name")},
                },
            )
        if self._chance(30):
            image = self.dice.randbytes(256)
            told = {
                "room_id": "r0",
                "ts": self._ago(300),
                "size": "256",
                "mime": "image/heic",
                "ciphertext_hash": _blind(image),
            }
            yield Record(
                "media", key("media", self.number), {"meta": told, "img": {"0": image[:128], "1": image[128:]}}
            )
        if self._chance(30):
            yield from self._share()

    def _share(self) -> Iterator[Record]:
        invited = self.dice.randrange(self.number + 1)
        grant = {"home_id": key("home", self.number).decode(), "invitee_id": key("account", invited).decode()}
        yield Record(
            "share",
            key("share", self.number),
            {
                "grant": {**grant, "scope": "control", "state": "accepted", "expires": "2027-01-01"},
                "keys": {name: self.dice.randbytes(48) for name in ("wrapped_keys", "device_public_keys")},
            },
        )
        name, email, phone = self.fake.name(), self.fake.email(), self.fake.numerify("+1-555-01##-####")
        person = {"contact_name": name, "contact_email": email, "contact_phone": phone}
        index = {"email_bidx": _blind(email), "phone_bidx": _blind(phone)}
        yield Record("contact", key("contact", self.number), {"pii": person, "idx": index})

    def _devices(self) -> Iterator[Record]:
        system, version, phone = self.dice.choice(_PHONES)
        for i in range(self.dice.randrange(1, 4)):
            serial = self.dice.randbytes(4).hex()
            yield Record(
                "device",
                key("device", self.number, i),
                {
                    "hw": {
                        "model": self.dice.choice(_DEVICES),
                        "hw_rev": self.dice.choice("ABC"),
                        "firmware_version": self.dice.choice(_FIRMWARE),
                        "update_channel": "beta" if self.opted_in else "stable",
                    },
                    "bind": {
                        "product_id": f"p-{self.dice.randrange(10_000):04}",
                        "unique_id_code": serial,
                        "owner": self.owner,
                        "activated_at": self._ago(700)[:10],
                        "licence_state": "active",
                    },
                    "geo": {
                        "country": self.country,
                        "region": f"{self.latitude + i / 100:.2f},{self.longitude:.2f}",
                    },
                },
            )
        app = {"os": system, "os_version": version, "phone_model": phone, "app_version": f"8.{self.dice.randrange(5)}"}
        install = {
            "install_id": self.dice.randbytes(8).hex(),
            "owner": self.owner,
            "push_token": self.dice.randbytes(16).hex(),
        }
        yield Record("client", key("client", self.number), {"os": app, "bind": install})
        if self.opted_in:
            yield from self._programme(phone)

    def _programme(self, phone: str) -> Iterator[Record]:
        """What comes from those who take part in the improvement programme."""
        for i in range(3):
            event = {"feature": self.dice.choice(_ACCESSORIES), "event": "used", "ts_bucket": self._ago(80)[:13]}
            yield Record("usage", key("usage", self.number, i), {"evt": event})
        if self._chance(30):
            families: dict[str, Mapping[str, str | bytes]] = {
                "dump": {
                    "stack": self.dice.randbytes(24).hex(),
                    "log_tail": f"pairing of {self.name}'s phone failed",
                    "memory_map": self.dice.randbytes(32),
                }
            }
            if self._chance(70):  # the others have not been summed up yet
                families["sum"] = {
                    "signature": self.dice.choice(_CRASHES),
                    "firmware_version": self.dice.choice(_FIRMWARE),
                    "phone_model": phone,
                    "count": str(self.dice.randrange(1, 9)),
                }
            yield Record("crash", key("crash", self.number), families)

    def _orders(self) -> Iterator[Record]:
        for i in range(self.dice.randrange(3)):
            address = self.fake.address().replace("\n", ", ")
            item = {
                "sku": self.dice.choice(_DEVICES),
                "qty": "1",
                "status": "shipped",
                "carrier_ref": self.dice.randbytes(6).hex(),
            }
            families = {
                "ship": {"recipient": self.name, "address": address, "phone": self.phone},
                "item": item,
            }
            yield Record("order", key("order", self.number, i), families)

    def _programmes(self) -> Iterator[Record]:
        """Website, contests, surveys and offers."""
        choice = {"first_party_ads": "yes" if self.offers else "no", "survey_invite": "yes", "suppress": "no"}
        yield Record("mktg", key("mktg", self.number), {"opt": choice})
        if self._chance(70):
            cookie = {"cookie_id": self.dice.randbytes(8).hex(), "pref_language": self.language, "email_opened": "no"}
            yield Record("web", key("web", self.number), {"ck": cookie})
        if self._chance(5):
            entry = {"contest_id": "spring", "contact": self.email, "answer": self.fake.sentence(6)}
            yield Record("promo", key("promo", self.number), {"entry": entry})
        if self._chance(10):
            answers = {"survey_id": "q3", "answers": self.fake.sentence(10)}
            yield Record("survey", key("survey", self.number), {"ans": answers})

    def _requests(self) -> Iterator[Record]:
        """What people ask about their data, and what was given away about them."""
        if self.number % 100 == 0:
            asked = {"type": "access", "identity_evidence_hash": self.dice.randbytes(16).hex(), "due": "2026-10-28"}
            yield Record("dsr", key("dsr", self.number), {"case": {**asked, "outcome": "open", "fee": "0"}})
        if self.number % 500 == 0:
            given = {
                "recipient": "public prosecutor",
                "basis": "court order",
                "instrument_hash": self.dice.randbytes(16).hex(),
            }
            told = {"families": "account:id", "ts": self._ago(60), "notify": "yes"}
            yield Record("disclosure", key("disclosure", self.number), {"led": {**given, **told}})


def _blind(value: str | bytes) -> str:
    """Return a blind index: equal for equal values, and telling nothing to whom lacks the key."""
    raw = value.encode() if isinstance(value, str) else value
    return hashlib.blake2b(raw, digest_size=8, key=b"demonstration").hexdigest()
