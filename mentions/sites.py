"""Which site a target belongs to, or the sentence why it belongs to none.

A site is known by its authorities (host, or host and port), without `www.`.  Which page of the site a target is, is for
the storage to say (`storage/pages.py`), by `urls.page_key`."""

from __future__ import annotations

from collections.abc import Iterable

from mentions import urls
from mentions.errors import InvalidTarget
from mentions.model import Site


class SiteBook:
    """All registered sites, looked up by authority.  Never changes: when sites change, make a new one."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites = tuple(sites)
        self._by_authority = {
            urls.site_authority(name): site for site in self._sites for name in (*site.aliases, site.authority)
        }

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site, in the order given."""
        return self._sites

    def site_for(self, url: str) -> Site | None:
        """The site that an http(s) URL, or an authority, belongs to."""
        authority = urls.site_authority(url)
        return self._by_authority.get(authority) if authority else None

    def place(self, target: str, within: str | None = None) -> Site:
        """The site of `target`.  Raises InvalidTarget when there is none, or when it is not the site named `within`."""
        authority = urls.authority(target) or target
        site = self.site_for(target)
        if site is None:
            raise InvalidTarget(f"{authority} is not a site of ours")
        if within is not None and self.site_for(within) is not site:
            raise InvalidTarget(f"{authority} does not belong to the site {within}")
        return site
