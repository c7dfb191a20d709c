/* Fills the manual page in: copies standard input to standard output, with the line "@SETTINGS@"
 * replaced by what the table of settings says of itself. Runs while Linnet is built. */
#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    char line[1024];
    struct buf section = {0};
    settings_print_manual(&section);
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "@SETTINGS@\n") == 0)
            fwrite(buf_peek(&section).ptr, 1, buf_len(&section), stdout);
        else
            fputs(line, stdout);
    }
    bool ok = !section.failed && fflush(stdout) == 0;
    buf_finish(&section);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
