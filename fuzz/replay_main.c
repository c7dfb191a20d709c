/*
 * replay_main.c - a main for fuzz targets where there is no libFuzzer: runs the target on nothing
 * at all, then on every file named or found in a folder named on the command line.
 *
 * So the corpora are a unit test of every build, under any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void die(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

static size_t replay_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "rb");
    /* Exactly `len` bytes, so that the address sanitizer sees a read past the end. */
    uint8_t *data = malloc(len ? len : 1);

    if (!file || !data || fread(data, 1, len, file) != len)
        die(path);
    fclose(file);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 1;
}

/* How many files were replayed. */
static size_t replay(const char *path)
{
    size_t replayed = 0;
    struct stat st;

    if (stat(path, &st) != 0)
        die(path);
    if (!S_ISDIR(st.st_mode))
        return replay_file(path, (size_t)st.st_size);

    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);

    if (count < 0)
        die(path);
    for (int i = 0; i < count; i++) {
        char inner[4096];

        if (entries[i]->d_name[0] != '.') {
            snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
            replayed += replay(inner);
        }
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    size_t replayed = 0;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        replayed += replay(argv[i]);
    printf("%zu inputs replayed\n", replayed);
    return EXIT_SUCCESS;
}
