#include "output.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- colours ---- */

static const char *escape(FILE *to, const char *sequence)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    return isatty(fileno(to)) && !dumb && !(no && *no) ? sequence : "";
}

const char *output_bold(FILE *to)
{
    return escape(to, "\033[1m");
}

const char *output_red(FILE *to)
{
    return escape(to, "\033[1;31m");
}

const char *output_green(FILE *to)
{
    return escape(to, "\033[32m");
}

const char *output_yellow(FILE *to)
{
    return escape(to, "\033[33m");
}

const char *output_dim(FILE *to)
{
    return escape(to, "\033[2m");
}

const char *output_plain(FILE *to)
{
    return escape(to, "\033[0m");
}

/* ---- text ---- */

/* C1 controls (U+0080 to U+009F) are two bytes in UTF-8, and some terminals obey them. */
static bool is_c1(const unsigned char *p, size_t len)
{
    return len >= 2 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;
}

/* What ends a line, or turns the direction of what follows, can make a line read as what it is not:
 * U+2028 to U+202E, U+2066 to U+2069, and the marks U+200E, U+200F. */
static bool is_deceptive(const unsigned char *p, size_t len)
{
    return len >= 3 && p[0] == 0xe2 &&
           ((p[1] == 0x80 && ((p[2] >= 0xa8 && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f)) ||
            (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

void output_printable_bytes(FILE *to, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;
    for (; p < end; p++) {
        size_t left = (size_t)(end - p);
        if (*p == '\n')
            fputs("\\n", to);
        else if (*p == '\t')
            fputs("\\t", to);
        else if (*p < 0x20 || *p == 0x7f)
            fprintf(to, "\\x%02x", *p);
        else if (is_c1(p, left)) {
            fprintf(to, "\\u%04x", p[1]);
            p++;
        } else if (is_deceptive(p, left)) {
            fprintf(to, "\\u20%02x", (unsigned)((p[1] & 1) << 6 | (p[2] & 0x3f)));
            p += 2;
        } else
            putc(*p, to);
    }
}

void output_printable(FILE *to, const char *text)
{
    output_printable_bytes(to, text, strlen(text));
}

void output_unambiguous(FILE *to, const char *text)
{
    for (;;) {
        size_t len = strcspn(text, "\\");
        output_printable_bytes(to, text, len);
        if (!text[len])
            return;
        fputs("\\\\", to);
        text += len + 1;
    }
}

/* 0: lines have no end. */
static unsigned width(FILE *to)
{
    struct winsize size;
    if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) < 0 || size.ws_col < 40)
        return 0;
    return size.ws_col < 100 ? size.ws_col : 100;
}

static unsigned count_columns(const char *text, size_t len)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void wrap(FILE *to, unsigned column, unsigned max, const char *text)
{
    unsigned at = column;
    while (*text) {
        size_t len = strcspn(text, " ");
        unsigned columns = count_columns(text, len);
        if (at > column && at + 1 + columns > max) {
            fprintf(to, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            putc(' ', to);
            at++;
        }
        fwrite(text, 1, len, to);
        at += columns;
        text += len;
        text += strspn(text, " ");
    }
}

void output_wrapped(FILE *to, unsigned column, const char *text)
{
    unsigned max = width(to);
    char *printable = NULL;
    size_t size;
    FILE *memory = max ? open_memstream(&printable, &size) : NULL;
    if (memory)
        output_printable(memory, text);
    if (memory && fclose(memory) == 0)
        wrap(to, column, max, printable);
    else
        output_printable(to, text);
    putc('\n', to);
    free(printable);
}

/* ---- JSON ---- */

json_t *output_event(const char *name)
{
    json_t *object = json_object();
    output_set(object, "event", name);
    return object;
}

/* `text` with all that is not ASCII replaced. */
static json_t *ascii_string(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return NULL;
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    json_t *string = json_string(copy);
    free(copy);
    return string;
}

void output_set(json_t *object, const char *key, const char *text)
{
    if (!text || !*text)
        return;
    json_t *string = json_string(text);
    json_object_set_new(object, key, string ? string : ascii_string(text));
}

/* What is dumped holds no other control than DEL: JSON itself has none. */
void output_json_text(FILE *to, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    for (const char *at = text; at && *at;) {
        size_t len = strcspn(at, "\x7f");
        output_printable_bytes(to, at, len);
        at += len;
        if (*at) {
            fputs("\\u007f", to);
            at++;
        }
    }
    free(text);
}

void output_json(json_t *object)
{
    output_json_text(stdout, object);
    if (object)
        putc('\n', stdout);
    fflush(stdout);
    json_decref(object);
}

/* ---- the reader ---- */

void output_init(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) /* opened the wrong way round: its use fails, as it did */
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

bool output_reader_gone(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO};
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLERR | POLLHUP));
}

bool output_finish(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}
