/* Settings: what they are, what they may become, who changed them; and `reload`. */
#include "server/control/control_private.h"
#include "server/log_output.h"
#include "server/memory.h"
#include "server/ops/ops_settings.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 63, VALUE_MAX_BYTES = 4096 };

/* Takes what `out` holds; "" is null if `nullable`. */
static json_t *take_json(struct buf *out, bool nullable)
{
    if (out->failed)
        memory_exhausted();
    json_t *json = nullable && buf_len(out) == 0 ? json_null() : control_stored(buf_peek(out));
    buf_finish(out);
    return json;
}

/* --- list --- */

static json_t *in_force(const struct settings *s, const struct settings_row *row)
{
    struct buf out = {0};
    settings_value_in_force(s, row, &out);
    return take_json(&out, false);
}

static json_t *fixed_by(const struct settings *s, size_t index)
{
    struct buf out = {0};
    settings_fixed_by(s, index, &out);
    return take_json(&out, true);
}

/* The default as settings_value_print has it: "256KiB", however the table writes it. */
static json_t *fallback_of(const struct settings_row *row)
{
    union {
        struct settings_texts texts;
        struct settings_listen listen;
        char *text;
        int64_t number;
        int choice;
        bool flag;
    } value = {{0}};
    char reason[SETTINGS_REASON_BYTES];
    struct buf out = {0};
    if (settings_value_parse(row, str_from(row->fallback), &value, reason))
        settings_value_print(row, &value, &out);
    settings_value_finish(row, &value);
    return take_json(&out, false);
}

static const char *choice_at(const struct settings_row *row, size_t index)
{
    return row->type == SETTINGS_CHOICE ? row->choices[index] : row->choice(index);
}

static json_t *choices_of(const struct settings_row *row)
{
    const char *word;
    json_t *list = json_array();
    for (size_t i = 0; (word = choice_at(row, i)); i++)
        append(list, json_string(word));
    return list;
}

static json_t *unit_of(const struct settings_row *row)
{
    static const char *const names[] = {
        [SETTINGS_BYTES] = "bytes", [SETTINGS_MS] = "ms", [SETTINGS_S] = "s"};
    return names[row->unit] ? json_string(names[row->unit]) : json_null();
}

/* What a value must be like. */
static void put_kind(json_t *object, const struct settings_row *row)
{
    put(object, "type", json_string(settings_type_name(row->type)));
    put(object, "unit", unit_of(row));
    if (row->type == SETTINGS_INT) {
        put(object, "min", json_integer(row->min));
        put(object, "max", json_integer(row->max));
    }
    if (row->type == SETTINGS_CHOICE || row->choice)
        put(object, "choices", choices_of(row));
    put(object, "default", fallback_of(row));
}

static json_t *describe_setting(const struct settings *s, size_t index)
{
    const struct settings_row *row = settings_row_at(index);
    const char *pending = s->pending[index];
    json_t *object = new_object(), *fixed = fixed_by(s, index);
    put(object, "name", json_string(row->name));
    put(object, "value", in_force(s, row));
    put(object, "source", json_string(settings_source_name(s->origin[index].source)));
    put(object, "live", json_boolean(row->live));
    put(object, "help", json_string(row->help));
    put_kind(object, row);
    put(object, "editable", json_boolean(json_is_null(fixed)));
    put(object, "fixed_by", fixed);
    put(object, "pending", pending ? control_stored(str_from(pending)) : json_null());
    return object;
}

static const struct settings *settings_of(const struct control_call *call)
{
    const struct control_host *host = &control_config_of(call)->host;
    return host->settings(host->ctx);
}

void control_settings_list(struct control_call *call)
{
    const struct settings *s = settings_of(call);
    json_t *object = new_object(), *list = json_array();
    for (size_t i = 0; settings_row_at(i); i++)
        append(list, describe_setting(s, i));
    put(object, "settings", list);
    control_call_reply(call, object);
}

/* --- set, reset, check --- */

static void settled(void *ctx, const struct ops_setting_outcome *outcome)
{
    struct control_call *call = ctx;
    if (outcome->error->code != LINNET_OK) {
        control_call_fail(call, outcome->error);
        return;
    }
    json_t *object = new_object();
    put(object, "name", control_stored(str_from(outcome->name)));
    put(object, "value", control_stored(str_from(outcome->value)));
    put(object, "applied", json_boolean(outcome->applied));
    control_call_reply(call, object);
}

/* Whether it can be about any setting at all; else the call was refused. */
static bool is_in_bounds(struct control_call *call)
{
    struct str name = control_string(call, "name");
    if (name.len < 1 || name.len > NAME_MAX_BYTES)
        control_call_refuse(call, "name must have from 1 to %d bytes", NAME_MAX_BYTES);
    else if (control_string(call, "value").len > VALUE_MAX_BYTES)
        control_call_refuse(call, "value must not be longer than %d bytes", VALUE_MAX_BYTES);
    else
        return true;
    return false;
}

void control_settings_set(struct control_call *call)
{
    if (!is_in_bounds(call))
        return;
    const struct ops_setting_ask ask = {.name = control_string(call, "name"),
                                        .value = control_string(call, "value"), /* of set alone */
                                        .actor = control_actor(call),
                                        .done = settled,
                                        .ctx = call};
    ops_settings_set(control_config_of(call)->settings, &ask);
}

void control_settings_check(struct control_call *call)
{
    if (!is_in_bounds(call))
        return;
    struct buf value = {0};
    struct linnet_error error = {0};
    json_t *object = new_object();
    bool ok =
        ops_settings_check(control_config_of(call)->settings, control_string(call, "name").ptr,
                           control_string(call, "value"), &value, &error) == LINNET_OK;
    const char *reason = linnet_error_param(&error, "reason");
    put(object, "ok", json_boolean(ok));
    if (ok)
        put(object, "value", take_json(&value, false));
    else
        put(object, "reason", control_stored(str_from(reason ? reason : error.sentence)));
    buf_finish(&value);
    control_call_reply(call, object);
}

void control_emit_setting(struct control *control, const struct ops_setting_outcome *outcome)
{
    char actor[OPS_ACTOR_BYTES];
    struct ops_actor who = outcome->actor;
    who.address = STR_NONE;
    json_t *data = new_object();
    put(data, "name", control_stored(str_from(outcome->name)));
    put(data, "value", control_stored(str_from(outcome->value)));
    put(data, "actor", control_stored(str_from(ops_actor_text(&who, actor))));
    control_emit(control, "settings.changed", data);
}

/* --- history --- */

static json_t *text_or_null(struct str text)
{
    return text.ptr ? control_stored(text) : json_null();
}

static json_t *describe_change(const struct store_setting_change *c)
{
    json_t *object = new_object();
    put(object, "id", json_integer(c->id));
    put(object, "time_s", json_integer(c->time_s));
    put(object, "actor", control_stored(c->actor));
    put(object, "address", c->address.len ? control_stored(c->address) : json_null());
    put(object, "name", control_stored(c->name));
    put(object, "old", text_or_null(c->old_value));
    put(object, "new", text_or_null(c->new_value));
    return object;
}

static json_t *describe_history(const struct store_setting_changes *page)
{
    json_t *object = new_object(), *list = json_array();
    for (size_t i = 0; i < page->count; i++)
        append(list, describe_change(&page->changes[i]));
    put(object, "changes", list);
    put(object, "more", json_boolean(page->more));
    return object;
}

static void history_read(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    call->request = NULL;
    if (reply->result == OPS_OK)
        control_call_reply(call, describe_history(reply->setting_changes));
    else
        control_call_fail_ops(call, reply->result, "", "");
}

void control_settings_history(struct control_call *call)
{
    struct ops_ask ask = {
        .setting.name = control_string(call, "name"), .done = history_read, .ctx = call};
    if (!control_limit(call, OPS_SETTING_HISTORY_MAX, &ask.setting.limit) ||
        !control_before(call, &ask.setting.before))
        return;
    enum ops_result result =
        ops_setting_history(control_config_of(call)->ops, &ask, &call->request);
    if (result != OPS_OK)
        control_call_fail_ops(call, result, "", "");
}

/* --- reload --- */

static json_t *waiting_of(const struct settings *s)
{
    const struct settings_row *row;
    json_t *list = json_array();
    for (size_t i = 0; (row = settings_row_at(i)); i++)
        if (s->pending[i])
            append(list, json_string(row->name));
    return list;
}

/* What is wrong with a file is no reason to start anything again. */
static void fail_reload(struct control_call *call, const struct linnet_error *why)
{
    struct linnet_error error = {0};
    char reason[600];
    snprintf(reason, sizeof reason, "Nothing was changed: %s", why->sentence);
    size_t len = strlen(reason);
    if (reason[len - 1] == '.') /* the catalogue's sentence ends with one too */
        reason[len - 1] = '\0';
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
    control_call_fail(call, &error);
}

/* The log is the loop's own: what was read again set its level. */
static void tell_level(const struct control_call *call, enum log_level before)
{
    char who[OPS_ACTOR_BYTES];
    const struct ops_actor actor = control_actor(call);
    log_output_level_changed(control_config_of(call)->log, before, ops_actor_text(&actor, who));
}

void control_reload(struct control_call *call)
{
    struct linnet_error error = {0};
    const struct log_sink *log = control_config_of(call)->log;
    const struct control_host *host = &control_config_of(call)->host;
    enum log_level before = log ? log->level : LOG_ERROR;
    if (ops_settings_reload(control_config_of(call)->settings, &error) != LINNET_OK) {
        fail_reload(call, &error);
        return;
    }
    tell_level(call, before);
    control_call_audit(call, "server.reloaded", STR_NONE, STR_NONE);
    json_t *object = new_object();
    put(object, "certificate", host->certificate(host->ctx));
    put(object, "waiting", waiting_of(settings_of(call)));
    control_call_reply(call, object);
}
