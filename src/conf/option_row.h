/*
 * How rows of option tables are written: the arguments are struct, field, option's name, what the
 * kind needs, text. For the files that hold tables.
 */
#ifndef CONF_OPTION_ROW_H
#define CONF_OPTION_ROW_H

#include "conf/option.h"

enum {
	OPTIONS_SECOND = 1000,
	OPTIONS_MINUTE = 60 * OPTIONS_SECOND,
	OPTIONS_HOUR = 60 * OPTIONS_MINUTE,
	OPTIONS_DAY = 24 * OPTIONS_HOUR,
	OPTIONS_COUNT_MAX = 1000000,
	OPTIONS_BODY_MAX = 64 << 10,
	OPTIONS_PATH_MAX = 2048,
	OPTIONS_FILE_MAX = 4000,
	OPTIONS_WEBHOOK_MAX = 2048,
	OPTIONS_VKEY_MAX = 192 /* NOTE_VKEY_MAX of ipc/note.h */
};

#define OPTIONS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OPTIONS_TABLE(T, table_name, table_rows, table_doc)                                        \
	{                                                                                          \
		.name = (table_name), .doc = (table_doc), .rows = (table_rows),                    \
		.n = OPTIONS_COUNT(table_rows), .size = sizeof(struct T)                           \
	}

#define OPTIONS_WORDS(array)                                                                       \
	{                                                                                          \
		(array), OPTIONS_COUNT(array)                                                      \
	}

/* A word list, declared as <name>_words. */
#define OPTIONS_WORD_LIST(list, ...)                                                               \
	static const struct option_word list##_list[] = { __VA_ARGS__ };                           \
	static const struct option_words list##_words = OPTIONS_WORDS(list##_list)

#define ROW_BOOL(T, f, option, dflt, text)                                                         \
	{                                                                                          \
		.name = (option), .kind = OPTION_BOOL, .offset = offsetof(struct T, f),            \
		.preset = (dflt), .doc = (text)                                                    \
	}
#define ROW_RANGE(T, f, option, k, fl, lo, hi, dflt, text)                                         \
	{                                                                                          \
		.name = (option), .kind = (k), .flags = (fl), .offset = offsetof(struct T, f),     \
		.min = (lo), .max = (hi), .preset = (dflt), .doc = (text)                          \
	}
#define ROW_NUMBER(T, f, option, lo, hi, dflt, text)                                               \
	ROW_RANGE(T, f, option, OPTION_NUMBER, 0, lo, hi, dflt, text)
#define ROW_TIME(T, f, option, lo, hi, dflt, text)                                                 \
	ROW_RANGE(T, f, option, OPTION_DURATION, 0, lo, hi, dflt, text)
#define ROW_TEXT(T, f, option, fl, lo, hi, dflt, text)                                             \
	ROW_RANGE(T, f, option, OPTION_TEXT, fl, lo, hi, dflt, text)
#define ROW_NAME(T, option, fl, text) ROW_RANGE(T, name, option, OPTION_NAME, fl, 0, 0, NULL, text)
#define ROW_TEXTS(T, f, option, fl, hi, text)                                                      \
	ROW_RANGE(T, f, option, OPTION_TEXTS, fl, 1, hi, NULL, text)
#define ROW_WORD(T, f, option, list, dflt, text)                                                   \
	{                                                                                          \
		.name = (option), .kind = OPTION_WORD, .offset = offsetof(struct T, f),            \
		.words = &list##_words, .preset = (dflt), .doc = (text)                            \
	}
#define ROW_TABLE(T, f, option, k, fl, hi, sub, text)                                              \
	{                                                                                          \
		.name = (option), .kind = (k), .flags = (fl), .offset = offsetof(struct T, f),     \
		.max = (hi), .table = (sub), .doc = (text)                                         \
	}
#define ROW_MAP(T, f, option, sub, text) ROW_TABLE(T, f, option, OPTION_MAP, 0, 0, sub, text)
#define ROW_ABSENT(option, text)                                                                   \
	{                                                                                          \
		.name = (option), .kind = OPTION_ABSENT, .doc = (text)                             \
	}
#define ROW_ADDRESS(T, option, fl, kinds, text)                                                    \
	ROW_RANGE(T, address, option, OPTION_ADDRESS, fl, 0, kinds, NULL, text)

#endif
