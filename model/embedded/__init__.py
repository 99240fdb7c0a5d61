"""The small model that Seekline brings along; MODEL_CARD.md describes it, NOTICE.md says under which terms."""
