"""Grammar: small slips of a sentence, each with its mend, found by a tagger of edits."""
