"""What the model cards of the shipped classifiers say that is not a number."""

from __future__ import annotations

from foreword_models.bert.training.card import CardText

_HOW = (
    "a linear head on the mean-pooled vector of `minilm-l6` (all-MiniLM-L6-v2, Apache-2.0), adapted to six tasks at "
    "once: "
    "its upper four layers were fine-tuned, and what that changed is kept as products of rank 32 in "
    "`../adapter.safetensors`, which all six heads share."
)

_WITH_WORDS = _HOW + (
    " Added to its logits are those of a linear model of the text's words, word pairs and pieces of words "
    "(`words.safetensors`), as far as that helped on the calibration part."
)

_AGAIN = (
    "    foreword train classifier --recipe shipped --data FOLDER\n\n"
    "where FOLDER holds the sets, as `models/foreword_models/bert/training/shipped_data.py` says."
)

_ENGLISH = "English only. Each text is read on its own: irony, quotation and what went before are not seen."
_PROMISE = "The precision promised is that of text like this data; of other text it may be lower."

NOTES = {
    "emotion": CardText(
        about=f"Says which of 28 emotions an English sentence shows, any number of them: {_HOW} Off in an editor "
        "until it "
        "is turned on.",
        data="D. Demszky et al., *GoEmotions: A Dataset of Fine-Grained Emotions*, ACL 2020; comments on Reddit, "
        "labelled "
        "by three to five readers each. Apache-2.0. Its own development split is the test part here.",
        limits=(
            "Readers of this data agree about few of the emotions: of a third of the comments they did not agree on "
            "any. "
            "The rare ones (grief, pride, relief, nervousness) have some tens of examples; their scores say little.",
            "Neutral was seen less often than it occurs in training; the calibration undoes that.",
            "Comments on Reddit before 2019: mail, fiction and the words of today were not measured.",
            _ENGLISH,
            _PROMISE,
        ),
        again=_AGAIN,
    ),
    "offensive": CardText(
        about=f"Says of an English message whether it is hate speech, offensive, or neither: {_WITH_WORDS} "
        "In an editor it marks "
        "what is hate or offensive.",
        data="T. Davidson, D. Warmsley, M. Macy and I. Weber, *Automated Hate Speech Detection and the Problem of "
        "Offensive Language*, ICWSM 2017: tweets that hold a word of a lexicon of hate speech, labelled by three or "
        "more "
        "people each. MIT.",
        limits=(
            "Every tweet of the data holds a word of a lexicon: the classifier has seen few harmless texts, and "
            "marks some "
            "that merely name a group or use such a word of themselves. African American English is marked more often "
            "than other English (Sap et al. 2019). Do not judge people by it.",
            "What is hate and what is merely offensive is confused by readers too; look at the label hate with doubt.",
            _ENGLISH,
            _PROMISE,
        ),
        again=_AGAIN,
    ),
    "spam": CardText(
        about=f"Says of a whole message, mail or text message, whether it is spam: {_WITH_WORDS} "
        "Off in an editor until it is turned on.",
        data="T. Almeida, J. Gómez Hidalgo and A. Yamakami, *SMS Spam Collection*, 2011 (CC BY 4.0), and the "
        "SpamAssassin "
        "public corpus, 2002-2005 (public domain). Of a mail the first 80 tokens were trained on; 512 are read.",
        limits=(
            "Spam of twenty years ago: today's has other words. Train on mail of your own with foreword train "
            "classifier.",
            "It reads a message as a whole; single sentences, as an editor shows them, it was not trained on.",
            _ENGLISH,
            _PROMISE,
        ),
        again=_AGAIN,
    ),
    "politeness": CardText(
        about=f"Says of an English request whether it is polite, impolite or between: {_WITH_WORDS} "
        "Off in an editor until it is turned on.",
        data="C. Danescu-Niculescu-Mizil et al., *A Computational Approach to Politeness with Application to Social "
        "Factors*, ACL 2013, by way of ConvoKit: requests to Wikipedia editors and on Stack Exchange, each rated by "
        "five "
        "people. Apache-2.0. The quarter at each end of a set's scores is polite or impolite, the half between is "
        "neutral.",
        limits=(
            "Neutral is half of the data by definition, and what lies near a quarter's edge is in truth neither.",
            "Scored on both ends alone, as the literature does, it chooses between the two ends; by "
            "foreword eval classifier on a file with these labels.",
            "Requests among editors and programmers: other people are polite in other ways.",
            _ENGLISH,
            _PROMISE,
        ),
        again=_AGAIN,
    ),
    "sentiment": CardText(
        about=f"Says of an English sentence whether it reads as negative, neutral or positive: {_WITH_WORDS} "
        "In an editor it marks what reads as negative.",
        data="C. J. Hutto and E. Gilbert, *VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social "
        "Media "
        "Text*, ICWSM 2014: sentences rated by about twenty people each from -4 to 4. MIT, copyright (c) 2016 C.J. "
        "Hutto. "
        "A mean of 0.5 or more is positive, of -0.5 or less negative, what lies between neutral: what rounds to the "
        "zero "
        "of the raters' scale.",
        limits=(
            "Neutral is the weak label: it is what is left between two cut-offs on a scale.",
            "Reviews, editorials and tweets of 2014 and before: mail, chat and fiction were not measured.",
            "What reads as negative is the raters' to say, and not a judgement of the writer.",
            _ENGLISH,
            _PROMISE,
        ),
        again=_AGAIN,
    ),
    "clickbait": CardText(
        about=f"Says of a headline or a subject line whether it is clickbait or news: {_WITH_WORDS} "
        "The head was fitted anew on the adapted encoder. The words' model sees capitals too, but learned from each "
        "headline in three spellings (as it is, with a capital at each word, with none), so that they decide little. "
        "Off in an editor until it is turned on.",
        data="A. Chakraborty, B. Paranjape, S. Kakarla and N. Ganguly, *Stop Clickbait: Detecting and Preventing "
        "Clickbaits in Online News Media*, ASONAM 2016: headlines of a few sites of each kind. MIT.",
        limits=(
            "The two kinds come from different sites, so that the style of a site is learned with the kind: the scores "
            "flatter. A sentence of prose is neither.",
            "Headlines of about 2015.",
            _ENGLISH,
            _PROMISE,
        ),
        again=_AGAIN,
    ),
}
