"""Pages: what was asked, from what the user may see, into a template."""

from search_app.views.changing import (
    model_change,
    model_change_action,
    model_change_progress,
    reindex,
    upkeep_state,
)
from search_app.views.clusters import (
    cluster,
    cluster_split,
    cluster_state,
    cluster_unsplit,
    clusters,
    clusters_state,
)
from search_app.views.documents import document, document_state
from search_app.views.feed import feed
from search_app.views.feedback import feedback, feedback_delete, opened, thumb
from search_app.views.interests import (
    interest,
    interest_delete,
    interest_edit,
    interest_feed,
    interest_new,
    interests,
)
from search_app.views.judged import (
    judged,
    judged_delete,
    judged_export,
    judged_import,
    judged_list,
    judged_new,
)
from search_app.views.looking import compare, embed, tools, vector
from search_app.views.map_choices import map_copy, map_export
from search_app.views.maps import (
    map_hits,
    map_page,
    map_points,
    map_state,
    map_titles,
    map_values_page,
)
from search_app.views.pairs import duplicates, pairs
from search_app.views.passages import document_passages
from search_app.views.pictures import phrases, picture_asked, pictures
from search_app.views.quality import (
    evaluation,
    evaluation_accept,
    evaluation_apply,
    evaluation_cancel,
    evaluation_state,
    quality,
    weights_revert,
)
from search_app.views.scores import (
    axis,
    axis_delete,
    axis_new,
    axis_text,
    label_set,
    label_set_delete,
    label_set_new,
    scores,
    taxonomy_new,
)
from search_app.views.searching import search
from search_app.views.sql import sql, sql_delete, sql_save, sql_saved
from search_app.views.suggesting import suggest
from search_app.views.why_not import why_not
from search_app.views.widget import (
    page_html,
    page_json,
    page_widget,
    related_html,
    related_json,
    related_widget,
)
from search_app.views.widget_preview import widget_preview
from search_app.views.words import words, words_new

__all__ = [
    "axis",
    "axis_delete",
    "axis_new",
    "axis_text",
    "cluster",
    "cluster_split",
    "cluster_state",
    "cluster_unsplit",
    "clusters",
    "clusters_state",
    "compare",
    "document",
    "document_passages",
    "document_state",
    "duplicates",
    "embed",
    "evaluation",
    "evaluation_accept",
    "evaluation_apply",
    "evaluation_cancel",
    "evaluation_state",
    "feed",
    "feedback",
    "feedback_delete",
    "interest",
    "interest_delete",
    "interest_edit",
    "interest_feed",
    "interest_new",
    "interests",
    "judged",
    "judged_delete",
    "judged_export",
    "judged_import",
    "judged_list",
    "judged_new",
    "label_set",
    "label_set_delete",
    "label_set_new",
    "map_copy",
    "map_export",
    "map_hits",
    "map_page",
    "map_points",
    "map_state",
    "map_titles",
    "map_values_page",
    "model_change",
    "model_change_action",
    "model_change_progress",
    "opened",
    "page_html",
    "page_json",
    "page_widget",
    "pairs",
    "phrases",
    "picture_asked",
    "pictures",
    "quality",
    "reindex",
    "related_html",
    "related_json",
    "related_widget",
    "scores",
    "search",
    "sql",
    "sql_delete",
    "sql_save",
    "sql_saved",
    "suggest",
    "taxonomy_new",
    "thumb",
    "tools",
    "upkeep_state",
    "vector",
    "weights_revert",
    "why_not",
    "widget_preview",
    "words",
    "words_new",
]
