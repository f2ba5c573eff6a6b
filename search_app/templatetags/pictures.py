"""What pictures say to those who cannot see them."""

from django import template

from search_app.pictures import alt_text

register = template.Library()
register.filter("alt_text", alt_text)
