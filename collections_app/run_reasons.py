"""Reasons that runs of sources note down, as texts to translate.

Those without a place for what changes are found by themselves where Django knows them; here are
the others, and those of the pipeline, which knows no Django.
"""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    # of archives, mailboxes and tables
    _("A header in the tar archive is too long. Pack it again."),
    _("The archive is damaged or not all of it came (%(error)s). Pack it again."),
    _("The tar archive leads back into itself. Pack it again."),
    _("The tar archive ends in the middle of a file. Pack it again."),
    _("It unpacks to more than %(ratio)s times its size, as in an archive bomb."),
    _("It is neither an archive nor a mailbox that can be read."),
    _("A file without a usable name. Rename it."),
    _("Another file in the archive has the same name."),
    _("Archives in archives are read %(depth)s deep. Unpack this one."),
    _("Attachments are read %(depth)s deep in one another. Save this one."),
    _("The tar archive is damaged (%(error)s). Pack it again."),
    _("The tar archive ends early or is damaged: files after it are missing."),
    _("The list of files in the ZIP archive is too long. Split the archive."),
    _("The ZIP archive is damaged or not all of it came (%(error)s). Pack it again."),
    _("The first line cannot be read. %(reason)s"),
    _(
        "The row has %(cells)s cells, the header %(columns)s. Put quotation marks around a "
        "cell that has the delimiter in it."
    ),
    _("The row has no columns."),
    _("A number is too large. Put it in quotation marks."),
    _("A number has too many digits. Put it in quotation marks."),
    _("The file cannot be read as %(encoding)s: choose another encoding, or save it as UTF-8."),
    _("The row has no id: %(column)s is empty."),
    _("The row has no text in the columns chosen for it."),
    _("%(column)s should be a %(kind)s and is %(cell)s. Make its type text."),
    _("The row is not JSON: %(error)s."),
    _("The file is not JSON here: %(error)s. What follows was not read."),
    _("There is only white space in it. Choose a file that has rows in it."),
    _(
        "There is no table “%(table)s” as the llm tool makes it. Choose its embeddings.db; "
        "`llm collections path` says where that is."
    ),
    _("The file is not an SQLite database, or is damaged: %(error)s."),
    # of word vectors
    _("This is a ZIP archive. Unpack it, and choose one file of it."),
    _(
        "These are no word vectors: word2vec as text or binary, or GloVe, plain or packed with "
        "gzip, begin with a word and its numbers."
    ),
    _("Line %(number)s is too long for a word and its vector."),
    _(
        "There is more in it than the %(count)s words that its first line tells of. What follows "
        "was not read."
    ),
    _("It has %(count)s numbers, the first word of the file has %(known)s."),
    _("“%(cell)s” is not a number."),
    _(
        "The file ends in the middle of word %(number)s of %(count)s (“%(word)s”): not all of it "
        "came, or it is damaged there."
    ),
    _(
        "The first line tells of %(count)s words, and there are %(known)s: not all of the file "
        "came."
    ),
    _("The gzip file is damaged, or not all of it came (%(error)s). Pack it again."),
    _("Its vectors have %(count)s numbers; the most is %(most)s."),
    _("The word is not UTF-8."),
    _("Its vector has numbers that are not finite."),
    _("Its vector is zero: it has no direction."),
    _(
        "This is a fixed set of vectors, one for each of its words: no other text can be "
        "embedded with it."
    ),
    _("The file has more words than can be taken: the first %(most)d were."),
    _(
        "The worker stopped %(count)s times while it was at this run. Its log may say why; "
        "run it again."
    ),
    # sources/addresses.py
    _("This is not an address of the web: %s."),
    _(
        "Port %(port)d may not be fetched from. An administrator can allow it in the setting "
        "FETCH_ALLOWED_PORTS."
    ),
    _("“%s” is not the full name or address of a host."),
    _(
        "%(host)s is not on the public internet: it leads to %(address)s. An administrator "
        "can allow networks in the setting FETCH_ALLOWED_NETWORKS."
    ),
    # sources/bodies.py
    _("The answer is packed in a way that is not known: %s."),
    # sources/fetch.py
    _("%(url)s answered with %(status)d."),
    _("%(host)s cannot be reached (%(kind)s)."),
    _("%(host)s did not answer in time."),
    _("%(host)s does not speak HTTP as it should."),
    _("The address leads from one to another without end: %s."),
    _("%(url)s is larger than %(most)s."),
    _("%s leads somewhere else; it should not."),
    # sources/kinds/__init__.py
    _("There is no kind of source “%(kind)s”. There are: %(kinds)s."),
    # sources/kinds/feed.py
    _("%s is not an RSS or Atom feed."),
    # sources/kinds/file.py
    _("The stored file cannot be read: %(reason)s."),
    # sources/kinds/folder.py
    _("The folder %(name)s cannot be read: %(reason)s."),
    _("The file cannot be read: %(reason)s."),
    # sources/kinds/git.py
    _("“%s” is not the name of a branch."),
    _("%s is not a Git repository."),
    _("%s shares its objects with another repository."),
    # sources/kinds/json_api.py
    _("There is no list at “%s” in the answer."),
    _("There is no text at “%s” in this item."),
    _("%s did not answer with JSON."),
    _("There is no id at “%s” in this item."),
    # sources/kinds/sitemap.py
    _("%s is not a sitemap."),
    _("%s is not a sitemap that can be read."),
    # sources/kinds/sql.py
    _("The address may have user, password, host, port, name and sslmode (%s) only."),
    _("The database says: %s"),
    # sources/kinds/sqlite.py
    _("The file cannot be read: %s."),
    _("SQLite says: %s."),
    # sources/listing.py
    _(
        "The source “%(name)s” of this collection has a document of this id. To have both, "
        "put something before the ids here."
    ),
    _("%(count)d items in a row could not be had: %(reason)s"),
    # sources/options.py
    _("There is no option “%(name)s” for this kind of source. It has: %(known)s."),
    _("The option “%(name)s” must be %(type)s."),
    _("The option “%(name)s” must be one of: %(choices)s."),
    _("The option “%(name)s” is too long, or has NUL characters in it."),
    _("The option “%(name)s” must be from %(least)d to %(most)d."),
    _("The option “%(name)s” is missing."),
    # sources/repositories.py
    _("git says: %s"),
    _("git took longer than %(seconds)d seconds."),
    # sources/roots.py
    _("%(path)s is outside the folders that may be read. These may be: %(roots)s."),
    _("%(path)s is not a folder on the server."),
    _("%(path)s is not a file on the server."),
    # sources/running.py
    _("Something went wrong (%s); the log of the worker has more."),
    # sources/tables.py
    _("The choice of columns cannot be read: %s."),
    # sources/web.py
    _("There are more than %(most)d headers."),
    _("“%s” is not a header that can be set."),
    _("The value of the header “%s” must be a text of plain characters."),
    # intake/incoming.py
    _("The id is too long: %(length)d characters, the most is %(most)d."),
    _("The title is too long: %(length)d characters, the most is %(most)d."),
    _("The text is too long: %(length)d characters, the most is %(most)d. Split it."),
    _("The metadata is nested too deep: the most is %(most)d levels."),
    _("The metadata is too large: the most is %(most)d bytes as JSON."),
    # intake/stored_rows.py
    _("Its vector has %(count)d numbers, those of the model have %(most)d."),
    _("The text is too long: the most is %(most)d characters."),
    # storage.py
    _("The file is too large: the limit is %(limit)s (MAX_UPLOAD_BYTES)."),
)
