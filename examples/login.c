/* login.c - logs in, or says what went wrong and what helps. Usage: login ADDRESS [HOST [CA-FILE]],
 * with the password as one line of standard input. */
#include <linnet/linnet.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char password[1024] = "";
    if (argc < 2 || !fgets(password, sizeof password, stdin)) {
        fputs("usage: login ADDRESS [HOST [CA-FILE]], and a password to read\n", stderr);
        return LINNET_ERROR_USAGE;
    }

    struct linnet_config *config = linnet_config_new();
    linnet_config_set_address(config, argv[1]);
    linnet_config_set_password(config, password, strcspn(password, "\n"));
    linnet_config_set_host(config, argc > 2 ? argv[2] : NULL);
    linnet_config_set_ca_file(config, argc > 3 ? argv[3] : NULL);

    struct linnet_client *client;
    struct linnet_error error = {0};
    enum linnet_error_code code = linnet_client_new(config, &client, &error);
    linnet_config_free(config);
    if (code == LINNET_OK)
        code = linnet_login(client, &error);
    if (code == LINNET_OK) {
        printf("online as %s, signed in with %s\n", linnet_client_jid(client),
               linnet_client_mechanism(client));
        linnet_client_close(client);
        while (linnet_client_wait(client, -1)) /* until the server has said goodbye too */
            linnet_client_event(client);
    } else {
        fprintf(stderr, "%s\n%s\n", error.sentence, linnet_error_info(code)->remedy);
    }
    linnet_client_free(client);
    return (int)code;
}
