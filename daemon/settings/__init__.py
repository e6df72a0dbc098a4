"""The settings: one TOML file, validated when loaded, immutable from then on."""

from daemon.settings.loading import find_file, load_settings
from daemon.settings.models import (
    AdministrationSettings,
    AlertSettings,
    LimitSettings,
    MailboxSettings,
    MatchingSettings,
    RetentionSettings,
    RouteSettings,
    Settings,
    SignSettings,
    SmtpSettings,
    StoreSettings,
    ThresholdSettings,
)
from daemon.settings.policies import build_caps, build_identity, build_policies, build_policy, build_routes, build_trust
from daemon.settings.problems import Problem, SettingsError

__all__ = [
    "AdministrationSettings",
    "AlertSettings",
    "LimitSettings",
    "MailboxSettings",
    "MatchingSettings",
    "Problem",
    "RetentionSettings",
    "RouteSettings",
    "Settings",
    "SettingsError",
    "SignSettings",
    "SmtpSettings",
    "StoreSettings",
    "ThresholdSettings",
    "build_caps",
    "build_identity",
    "build_policies",
    "build_policy",
    "build_routes",
    "build_trust",
    "find_file",
    "load_settings",
]
