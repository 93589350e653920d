/* Planted bugs of config: in the text of a configuration, e.g. in a comment. */
#include "bug.h"

#include "conf/yaml_reader.h"

__typeof__(yaml_reader_parse) __real_yaml_reader_parse, __wrap_yaml_reader_parse;

struct node *__wrap_yaml_reader_parse(struct yaml_reader *r, struct view text, uint16_t file)
{
	const struct bug_place at = { 0 };

	bug_run(text, &at);
	return __real_yaml_reader_parse(r, text, file);
}
