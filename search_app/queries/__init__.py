"""Every SQL statement over vectors, postings and what is derived from them.

Collection ids that come in were read from `Collection.objects.visible_to(user)`.
"""
