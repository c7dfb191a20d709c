/*
 * errors-doc - writes docs/errors.md from the failure catalogue to standard output. A test compares
 * the two, so the page cannot fall behind. Fails when the catalogue has a parameter that nobody
 * described here.
 */
#include <linnet/error.h>

#include <stdio.h>
#include <string.h>

/* In the order of the page. */
static const struct {
    const char *name, *meaning;
} parameters[] = {
    {"address", "the account, `name@domain`, or the text that was to be an address"},
    {"answer", "what the name servers answered"},
    {"before", "what the server offered when it was met before"},
    {"domain", "the domain of the address"},
    {"excluded", "the methods on offer that policy excludes, each with the reason"},
    {"found", "what answers there"},
    {"host", "the host that was set for the domain"},
    {"hosts", "the addresses that were visited, in their order"},
    {"issuer", "who issued the certificate"},
    {"limit", "the limit of this program that was reached"},
    {"mechanism", "the sign-in method"},
    {"names", "the names in the certificate"},
    {"not_after", "the last day of the certificate, `2026-12-31`"},
    {"not_before", "its first day"},
    {"now", "what the server offers now"},
    {"offered", "the methods that the server offers"},
    {"ours", "the methods that this program has"},
    {"pin", "the SHA-256 of the public key, as it is written to pin it"},
    {"reason", "why, in English; the peer's condition where the peer was the one to say it"},
    {"redirect", "the host that the server sent the login to, as it wrote it"},
    {"seconds", "how long was waited"},
    {"server", "the domain that the server says it serves"},
    {"seen", "how its key compares with the one that the server had at the last login"},
    {"sha256", "the SHA-256 of the certificate, 64 hexadecimal digits"},
    {"stage", "the stage of the login: resolve, connect, secure, sign in, bind, ready"},
    {"target", "the address and port that was spoken to"},
    {"targets", "every address that was tried, each with its outcome"},
    {"to", "the address that a stanza was for"},
    {"unusable", "why user name or password cannot be sent at all"},
    {"url", "the web page to go to"},
};

/* Rows whose feature is still to come. A code, once published, keeps its place. */
static const struct {
    enum linnet_error_code code;
    const char *note;
} notes[] = {
    {LINNET_ERROR_REGISTER_UNSUPPORTED, "For registration from within a program, which is to come: "
                                        "nothing raises it yet."},
    {LINNET_ERROR_REGISTER_TAKEN,
     "Raised by `linnetctl user add`; by registration from within a program once that is there."},
    {LINNET_ERROR_REGISTER_REJECTED, "For registration from within a program, which is to come: "
                                     "nothing raises it yet."},
    {LINNET_ERROR_REGISTER_WEB, "For registration from within a program, which is to come: nothing "
                                "raises it yet."},
    {LINNET_ERROR_RECEIPT_TIMEOUT, "For delivery receipts, which are to come: nothing raises it "
                                   "yet."},
    {LINNET_ERROR_POLICY, "After `policy-violation` an occurrence may be tried again, but only "
                          "after minutes."},
};

static const char *retry_text(enum linnet_retry retry)
{
    static const char *const texts[] = {
        [LINNET_RETRY_NO] = "no",
        [LINNET_RETRY_YES] = "yes",
        [LINNET_RETRY_ON_NETWORK] = "when the network changes",
        [LINNET_RETRY_LONG] = "after minutes",
    };
    return texts[retry];
}

static void intro(void)
{
    puts("# Failures\n\n"
         "<!-- Generated from src/base/error_catalogue.c by tools/errors-doc.c. -->\n\n"
         "Every failure that Linnet reports is a row of one catalogue, the same in the library, on "
         "the command line,\nin the window and on the server. The code is the exit status of the "
         "command-line tools; 0 is success.\nCodes never change their meaning and are never "
         "reused. `linnet explain` shows a row, by its id or its exit\nstatus.\n\n"
         "An occurrence has, besides, the stage of the login, the origin (here, network, peer), "
         "the peer's condition and\nwords, and its parameters. *Retry* says whether trying again "
         "by itself can help; an occurrence may be more\nexact, and has a number of seconds where "
         "the peer named one.\n\n"
         "In a sentence `{name}` stands for a parameter; of `[a|b]` the first part is said whose "
         "parameters are known,\nor none. The id and the parameters are all that a translation "
         "needs. [What a lying server gets](hostile.md)\nlists what leads to each row.\n");
}

static void index_of_rows(void)
{
    const struct linnet_error_info *row;
    puts("| Exit | Id | Heading | Retry |\n|---|---|---|---|");
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++)
        printf("| %d | [%s](#%s) | %s | %s |\n", (int)row->code, row->id, row->id, row->heading,
               retry_text(row->retry));
}

/* "`address`, `reason`" */
static void evidence(const char *words)
{
    for (size_t len; *words; words += len + (words[len] == ' ')) {
        len = strcspn(words, " ");
        printf("`%.*s`%s", (int)len, words, words[len] ? ", " : "");
    }
}

static void rows(void)
{
    const struct linnet_error_info *row;
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++) {
        printf("\n## %s\n\n**%s** (exit status %d; retry: %s)\n\n`%s`\n\n%s\n", row->id,
               row->heading, (int)row->code, retry_text(row->retry), row->sentence, row->remedy);
        for (size_t n = 0; n < sizeof notes / sizeof *notes; n++)
            if (notes[n].code == row->code)
                printf("\n%s\n", notes[n].note);
        if (!row->evidence[0])
            continue;
        printf("\nParameters: ");
        evidence(row->evidence);
        puts(".");
    }
}

static void parameter_table(void)
{
    puts("\n## Parameters\n\n| Name | Is |\n|---|---|");
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        printf("| `%s` | %s |\n", parameters[i].name, parameters[i].meaning);
}

static int described(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (strlen(parameters[i].name) == len && memcmp(parameters[i].name, word, len) == 0)
            return 1;
    fprintf(stderr, "errors-doc: nobody says what %.*s is\n", (int)len, word);
    return 0;
}

static int all_described(void)
{
    const struct linnet_error_info *row;
    int all = 1;
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++)
        for (const char *at = row->evidence; *at; at += at[0] == ' ') {
            size_t len = strcspn(at, " ");
            all &= described(at, len);
            at += len;
        }
    return all;
}

int main(void)
{
    intro();
    index_of_rows();
    rows();
    parameter_table();
    return all_described() ? 0 : 1;
}
