#include "commands.h"
#include "failure.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

static const char *retry_text(enum linnet_retry retry)
{
    static const char *const texts[] = {
        [LINNET_RETRY_NO] = "no: a person must change something first",
        [LINNET_RETRY_YES] = "yes, each time after a longer wait",
        [LINNET_RETRY_ON_NETWORK] = "when the network changes",
        [LINNET_RETRY_LONG] = "yes, but not before minutes have passed",
    };
    return texts[retry];
}

/* The status that is no failure; for those who explain whatever $? is. */
static const struct linnet_error_info success = {
    .code = LINNET_OK,
    .id = "ok",
    .heading = "Success",
    .sentence = "What was asked was done.",
    .remedy = "Nothing is left to do.",
    .evidence = "",
};

/* The row of an id or of an exit status; NULL when there is none. */
static const struct linnet_error_info *find(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    if (strcmp(word, "0") == 0 || strcmp(word, success.id) == 0)
        return &success;
    if (digits == 0 || digits > 3 || word[digits])
        return linnet_error_info_by_id(word);
    return linnet_error_info((enum linnet_error_code)strtoul(word, NULL, 10));
}

/* The sentence as it reads when nothing is known: an occurrence says more. */
static void bare_sentence(const struct linnet_error_info *info, char *out, size_t size)
{
    struct linnet_error none = {.code = info->code};
    if (info == &success)
        snprintf(out, size, "%s", info->sentence);
    else
        linnet_error_sentence(&none, out, size);
}

static json_t *words(const char *text)
{
    json_t *array = json_array();
    for (size_t len; *text; text += len + (text[len] == ' ')) {
        len = strcspn(text, " ");
        json_array_append_new(array, json_stringn(text, len));
    }
    return array;
}

static void explain_json(const struct linnet_error_info *info)
{
    char sentence[512];
    json_t *object = output_event("explanation");
    bare_sentence(info, sentence, sizeof sentence);
    output_set(object, "code", info->id);
    json_object_set_new(object, "exit", json_integer(info->code));
    output_set(object, "heading", info->heading);
    output_set(object, "meaning", sentence);
    output_set(object, "template", info->sentence);
    output_set(object, "remedy", info->remedy);
    output_set(object, "retry", linnet_retry_name(info->retry));
    json_object_set_new(object, "evidence", words(info->evidence));
    output_json(object);
}

static void paragraph(const char *text)
{
    fputs("  ", stdout);
    output_wrapped(stdout, 2, text);
}

/* "address, reason" */
static void names(const char *name, const char *words)
{
    printf("  %-12s ", name);
    for (; *words; words++)
        fputs(*words == ' ' ? ", " : (char[]){*words, '\0'}, stdout);
    putchar('\n');
}

static void line(const char *name, const char *value)
{
    printf("  %-12s ", name);
    output_wrapped(stdout, 15, value);
}

static void explain_text(const struct linnet_error_info *info)
{
    char sentence[512], status[16];
    bare_sentence(info, sentence, sizeof sentence);
    snprintf(status, sizeof status, "%d", (int)info->code);
    printf("%s%s%s\n", output_bold(stdout), info->heading, output_plain(stdout));
    paragraph(sentence);
    paragraph(info->remedy);
    putchar('\n');
    line("code", info->id);
    line("exit status", status);
    if (info != &success)
        line("try again", retry_text(info->retry));
    if (info->evidence[0])
        names("it carries", info->evidence);
}

static void list(const struct options *o)
{
    const struct linnet_error_info *info;
    for (size_t i = 0; (info = linnet_error_info_at(i)); i++)
        if (o->json)
            explain_json(info);
        else
            printf("%4d  %-20s  %s\n", (int)info->code, info->id, info->heading);
}

int cmd_explain(const struct options *o)
{
    const struct linnet_error_info *info = o->address ? find(o->address) : NULL;
    struct linnet_error error;
    if (!o->address) {
        list(o);
    } else if (!info) {
        failure_set(&error, LINNET_ERROR_USAGE,
                    "there is no failure \"%s\"; linnet explain lists them all", o->address);
        return failure_print(o, &error);
    } else if (o->json) {
        explain_json(info);
    } else {
        explain_text(info);
    }
    return LINNET_OK;
}
