"""The pages of pairs, for each of the three who come here."""

from litestar import Router

from jiedui.pairs import household_pages, staff_pages, volunteer_pages

ROUTER = Router("/", route_handlers=[household_pages.ROUTER, staff_pages.ROUTER, volunteer_pages.ROUTER])
