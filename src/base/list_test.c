#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct item {
    int value;
    struct list node;
};

static int sum_in_order(const struct list *head)
{
    int sum = 0;
    LIST_EACH(head, it)
    sum = sum * 10 + CONTAINER_OF(it, struct item, node)->value;
    return sum;
}

static void keeps_order(void **state)
{
    (void)state;
    struct list head;
    struct item a = {1}, b = {2}, c = {3};
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(list_pop(&head));
    list_push(&head, &a.node);
    list_push(&head, &b.node);
    list_push(&head, &c.node);
    assert_int_equal(sum_in_order(&head), 123);
    list_remove(&b.node);
    assert_int_equal(sum_in_order(&head), 13);
    list_remove(&b.node);
    assert_int_equal(sum_in_order(&head), 13);
    assert_ptr_equal(list_pop(&head), &a.node);
    assert_ptr_equal(list_pop(&head), &c.node);
    assert_true(list_empty(&head));
}

static void a_popped_node_can_go_elsewhere(void **state)
{
    (void)state;
    struct list one, two;
    struct item a = {1};
    list_init(&one);
    list_init(&two);
    list_push(&one, &a.node);
    list_push(&two, list_pop(&one));
    assert_true(list_empty(&one));
    assert_int_equal(sum_in_order(&two), 1);
}

static void a_walk_survives_removal(void **state)
{
    (void)state;
    struct list head;
    struct item items[6];
    list_init(&head);
    for (int i = 0; i < 6; i++) {
        items[i].value = i + 1;
        list_push(&head, &items[i].node);
    }
    LIST_EACH_SAFE(&head, it)
    {
        struct item *item = CONTAINER_OF(it, struct item, node);
        if (item->value % 2 == 0) {
            list_remove(it);
            memset(item, 0xff, sizeof *item);
        }
    }
    assert_int_equal(sum_in_order(&head), 135);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order),
        cmocka_unit_test(a_popped_node_can_go_elsewhere),
        cmocka_unit_test(a_walk_survives_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
