#include "client/network.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

static const struct {
    enum linnet_error_code code;
    enum linnet_stage stage;
    enum linnet_error_code with, without; /* a network */
} rows[] = {
    {LINNET_ERROR_OFFLINE, LINNET_STAGE_CONNECT, LINNET_ERROR_REFUSED, LINNET_ERROR_OFFLINE},
    {LINNET_ERROR_DNS_FAILED, LINNET_STAGE_RESOLVE, LINNET_ERROR_DNS_FAILED, LINNET_ERROR_OFFLINE},
    {LINNET_ERROR_TIMEOUT, LINNET_STAGE_RESOLVE, LINNET_ERROR_TIMEOUT, LINNET_ERROR_OFFLINE},
    {LINNET_ERROR_TIMEOUT, LINNET_STAGE_CONNECT, LINNET_ERROR_TIMEOUT, LINNET_ERROR_TIMEOUT},
    {LINNET_ERROR_DNS_NONE, LINNET_STAGE_RESOLVE, LINNET_ERROR_DNS_NONE, LINNET_ERROR_DNS_NONE},
    {LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT, LINNET_ERROR_REFUSED, LINNET_ERROR_REFUSED},
    {LINNET_ERROR_NO_MEMORY, LINNET_STAGE_CONNECT, LINNET_ERROR_NO_MEMORY, LINNET_ERROR_NO_MEMORY},
};

static void judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        bool up = i % 2;
        struct linnet_error e = {.stage = rows[i / 2].stage};
        error_set(&e, rows[i / 2].code, LINNET_ORIGIN_NETWORK, "targets", "[::1]:5 (no route)",
                  NULL);
        network_judge(&e, up);
        assert_int_equal(e.code, up ? rows[i / 2].with : rows[i / 2].without);
        assert_int_equal(e.stage, rows[i / 2].stage);
        assert_string_equal(linnet_error_param(&e, "targets"), "[::1]:5 (no route)");
        assert_int_equal(e.retry, linnet_error_info(e.code)->retry);
    }
}

/* Whatever this machine has, asking for it neither fails nor leaks. */
static void looks(void **state)
{
    (void)state;
    assert_true(network_is_up() == network_is_up());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges), cmocka_unit_test(looks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
