"""Words that say nothing about what a text is about, by language."""

from collections_app.pipeline.terms import fold, term_spans

# Written without diacritics: `says_nothing` folds what it is asked for.
_ENGLISH = """
a about above across after again against all almost alone along already also although always am
among an and another any anyone anything are aren't around as at away back be became because
become been before began behind being below best better between both but by came can can't cannot
come could couldn't did didn't different do does doesn't doing don't done down during each easy
either else end enough etc even ever every everything example examples far few figure find first
following for found from full further gave get gets getting give given gives go goes going gone
good got had hadn't has hasn't have haven't having he he'd he'll her here here's hers herself him
himself his how however i i'd i'll i'm i've ie if in instead into is isn't it it's its itself just
keep kind know known large last later least left less let let's like likely little long look
looks lot made make makes making many may maybe me might mine more most much must my myself need
needed needs neither never new next no nor not note nothing now of off often ok old on once one
ones only onto or other others otherwise our ours out over own part per perhaps please possible
put quite rather really run running runs same saw
say says see seem seems seen several shall she should shouldn't
show shows since small so some someone something sometimes soon still such sure take takes taken
tell than thanks that that's the their theirs them themselves then there there's therefore these
they they'd they'll they're they've thing things think this those though three through thus til to
today together too took toward tried try trying turn turned turns two under unless until up upon
us use used useful uses using very via want wanted wants was wasn't way ways we we'd we'll we're
we've well went were weren't what what's whatever when where whether which while who whole whom
whose why will with within without won't work worked working works would wouldn't yes yet you
you'd you'll you're you've your yours yourself http https www com org html
"""
_GERMAN = """
aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus bei
beim bin bis bist da dabei dadurch dafur damit danach dann daran darauf daraus darf darin daruber
das dass dein deine dem den denn der deren des deshalb dessen dich die dies diese diesem diesen
dieser dieses dir doch dort du durch ein eine einem einen einer eines einige einigen er es etwa
etwas euch euer fur gab ganz gar geben gegen gemacht gibt ging hab habe haben hat hatte hatten
hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in indem ins ist ja
jede jedem jeden jeder jedes jedoch jene jetzt kam kann kein keine keinem keinen keiner kommen
kommt konnen konnte konnten machen macht mal man manche mehr mein meine meinem meinen meiner mich
mir mit muss mussen musste nach nicht nichts noch nun nur ob oder ohne schon sehr sei sein seine
seinem seinen seiner seit selbst sich sie sind so solche soll sollen sollte sondern sonst sowie
uber um und uns unser unsere unter viel viele vom von vor wahrend war waren warum was weg weil
weiter welche welchem welchen welcher welches wenn wer werde werden wie wieder will wir wird wo
wollen worden wurde wurden zu zum zur zwar zwischen
"""
_FRENCH = """
a afin ai ainsi alors apres as au aucun aucune aussi autre autres aux avant avec avoir avait
avaient ayant c ca car ce ceci cela celle celles celui cependant ces cet cette ceux chaque chez
ci comme comment contre d dans de deja depuis des deux dire dit doit donc dont du elle elles en
encore entre est et etaient etait etant ete etre eu eux fait faire faut fois font ici il ils j je
jusqu jusque l la le les leur leurs lors lui m ma mais me meme memes mes moi moins mon n ne ni non
nos notre nous on ont ou par parce pas pendant peu peut peuvent plus plusieurs pour pourquoi
pouvoir puis qu quand que quel quelle quelles quelque quelques quels qui quoi rien s sa sans se
sera ses si sien soi soit son sont sous sur t ta tandis te tel telle tes toi ton toujours tous
tout toute toutes tres tu un une vers voici voila vos votre vous y
"""
_SPANISH = """
a al algo alguna algunas alguno algunos alli ante antes aquel aquella aqui asi aun aunque bajo
bien cada casi como con contra cosa cual cuales cuando cuanto de debe del desde donde dos durante
e el ella ellas ello ellos en entonces entre era eran es esa esas ese eso esos esta estaba estado
estamos estan estar estas este esto estos fue fueron gran ha haber habia hace hacer hacia han
hasta hay he la las le les lo los luego mas me menos mi mientras mis misma mismo mucha muchas
mucho muchos muy nada ni no nos nosotros nuestra nuestro o os otra otras otro otros para pero poco
por porque puede pueden pues que quien quienes se sea segun ser si sido siempre sin sino sobre
solo son su sus tal tambien tan tanto te tener tiene tienen toda todas todo todos tras tu tus un
una unas uno unos usted ya y yo
"""
# Single characters of which a Chinese or Japanese word that names something has none.
IDEOGRAMS = frozenset(
    "的了是在和與与及或也都就而但不沒没有這这那個个們们我你您他她它之其此為为被把讓让從从到對对於于"
    "以可能會会要很更最再又則则所等着著過过吧嗎吗呢啊哪麼么什如因還还並并且只些每各將将"
    "のはがをにでとたてだしれるすいまうらりもこそあなよねかさっん"
)

_BY_LANGUAGE = {
    "english": frozenset(_ENGLISH.split()),
    "german": frozenset(_GERMAN.split()),
    "french": frozenset(_FRENCH.split()),
    "spanish": frozenset(_SPANISH.split()),
}


def says_nothing(word: str, language: str) -> bool:
    """Whether this is an article, a pronoun and the like.

    In Chinese, and where the language is unknown, Latin words are taken for English.
    """
    return fold(word.replace("’", "'")) in _BY_LANGUAGE.get(language, _BY_LANGUAGE["english"])


def telling(query: str, language: str) -> list[str]:
    """The query's terms without those that say nothing, unless it has no others; sorted."""
    spans = term_spans(query, language)
    chosen = [s for s in spans if not says_nothing(query[s[1] : s[2]], language)]
    return sorted({term for term, _start, _end in chosen or spans})
