/* Mechanisms, guessers, and the networks that may not connect. */
#include "api.h"

enum { HOURS_DIGITS_MAX = 5 };

void api_mechanisms(struct request *r)
{
    api_pass_on(r, "mechanisms.list", NULL);
}

void api_throttle(struct request *r)
{
    api_pass_on(r, "throttle.list", NULL);
}

void api_blocks(struct request *r)
{
    api_pass_on(r, "blocks", NULL);
}

/* Does it, and says in the log to whom: `member` of the answer. Takes `args`. */
static void act(struct request *r, const char *op, json_t *args, const char *member,
                const char *done)
{
    json_t *result;
    struct linnet_error error = {0};
    if (api_ask(r, op, args, &result, &error) != LINNET_OK) {
        http_fail(r, &error);
        return;
    }
    const char *whom = json_string_value(json_object_get(result, member));
    console_say("%s %s %s", r->who.user, done, whom ? whom : "");
    http_answer(r, MHD_HTTP_OK, result);
}

void api_throttle_forgive(struct request *r)
{
    static const char *const members[] = {"kind", "who"};
    json_t *args = http_body(r, members, ARRAY_LEN(members));
    if (args)
        act(r, "throttle.forgive", args, "who", "forgave");
}

void api_blocks_remove(struct request *r)
{
    static const char *const members[] = {"network"};
    json_t *args = http_body(r, members, ARRAY_LEN(members));
    if (args)
        act(r, "block.remove", args, "network", "unblocked");
}

/* Decimal digits, few enough for what they make; -1 when they are anything else. */
static json_int_t number_of(const char *text)
{
    json_int_t number = 0;
    size_t len = strlen(text);
    if (len < 1 || len > HOURS_DIGITS_MAX || strspn(text, "0123456789") != len)
        return -1;
    for (size_t i = 0; i < len; i++)
        number = 10 * number + (text[i] - '0');
    return number;
}

/* Forms say "24", and "" for ever: linnetd takes a number, or none. False after the request was
 * refused. */
static bool take_hours(struct request *r, json_t *args)
{
    const json_t *hours = json_object_get(args, "hours");
    bool for_ever = json_string_length(hours) == 0;
    json_int_t number = for_ever ? 0 : number_of(json_string_value(hours));
    if (number < 0) {
        http_refuse(r, MHD_HTTP_UNPROCESSABLE_CONTENT, "usage",
                    "The hours must be a whole number, or nothing for ever.", "");
        return false;
    }
    if (for_ever)
        json_object_del(args, "hours");
    else
        json_object_set_new(args, "hours", json_integer(number));
    return true;
}

void api_blocks_add(struct request *r)
{
    static const char *const members[] = {"network", "reason", "hours"};
    json_t *args = http_body(r, members, ARRAY_LEN(members));
    if (!args)
        return;
    if (take_hours(r, args))
        act(r, "block.add", args, "network", "blocked");
    else
        json_decref(args);
}
