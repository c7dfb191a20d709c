/* ask.h - one question to the server, and what its answer holds. Blocks; one thread. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ctl.h"

/* Asks and waits. Takes `args`; NULL means that one of them is not UTF-8, which is refused. */
enum linnet_error_code ask(struct ctl *ctl, const char *op, json_t *args, json_t **ret) MUST_USE;

/* The same, and prints the answer: in a line for people, that its `member` `done`. */
enum linnet_error_code ask_and_tell(struct ctl *ctl, const char *op, json_t *args,
                                    const char *member, const char *done) MUST_USE;

/* Prints an answer so; takes it. */
void tell(const struct ctl *ctl, json_t *result, const char *member, const char *done);

/* For what is wrong with the command line. */
enum linnet_error_code usage(struct ctl *ctl, const char *fmt, ...) PRINTF(2, 3);
enum linnet_error_code no_memory(struct ctl *ctl);

/* As a line; what has no value is left out of it. */
void print_json(json_t *value);

/* "", when there is none. */
static inline const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static inline json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static inline bool is(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

#endif
