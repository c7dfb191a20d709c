/*
 * errors-doc - writes docs/errors.md from the failure catalogue to standard output. A test compares
 * the two, so the page cannot fall behind.
 */
#include <linnet/error.h>

#include <stdio.h>

static const char *retry_text(enum linnet_retry retry)
{
    switch (retry) {
    case LINNET_RETRY_YES:
        return "yes";
    case LINNET_RETRY_ON_NETWORK:
        return "when the network changes";
    case LINNET_RETRY_LONG:
        return "after minutes";
    case LINNET_RETRY_NO:
        break;
    }
    return "no";
}

int main(void)
{
    const struct linnet_error_info *row;
    puts("# Failures\n\n"
         "<!-- Generated from src/base/error_catalogue.c by tools/errors-doc.c. -->\n\n"
         "Every failure that Linnet reports is a row of one catalogue, the same in the library, on "
         "the command line,\nin the window and on the server. The code is the exit status of the "
         "command-line tools; 0 is success.\nCodes never change their meaning and are never "
         "reused. *Retry* says whether trying again by itself can help.\n\n"
         "In a sentence `{name}` stands for a value of the occurrence; of `[a|b]` the first part "
         "is said whose values\nare known, or none.\n\n"
         "| Exit | Id | Heading | Retry |\n|---|---|---|---|");
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++)
        printf("| %d | [%s](#%s) | %s | %s |\n", (int)row->code, row->id, row->id, row->heading,
               retry_text(row->retry));
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++)
        printf("\n## %s\n\n**%s** (exit status %d)\n\n`%s`\n\n%s\n", row->id, row->heading,
               (int)row->code, row->sentence, row->remedy);
    return 0;
}
