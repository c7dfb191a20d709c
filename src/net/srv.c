#include "net/srv.h"

#include <stdlib.h>

enum srv_plan srv_decide(enum srv_answer direct_tls, enum srv_answer starttls)
{
    if (direct_tls == SRV_RECORDS || starttls == SRV_RECORDS)
        return SRV_PLAN_RECORDS;
    if (direct_tls == SRV_NOT_OFFERED || starttls == SRV_NOT_OFFERED)
        return SRV_PLAN_NOT_OFFERED;
    return SRV_PLAN_FALLBACK;
}

/* By priority; within one, records without weight first, as RFC 2782 wants them. */
static int srv_compare(const void *left, const void *right)
{
    const struct srv_record *a = left, *b = right;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return (a->weight > b->weight) - (a->weight < b->weight);
}

/* "Compute the sum of the weights ... choose a uniform random number between 0 and the sum ...
 * select the RR whose running sum value is the first ... greater than or equal". */
static size_t srv_select(const struct srv_record *records, size_t count,
                         const struct random_source *random)
{
    uint64_t total = 0, sum = 0, chosen;
    for (size_t i = 0; i < count; i++)
        total += records[i].weight;
    random_fill(random, &chosen, sizeof(chosen));
    chosen %= total + 1;
    for (size_t i = 0; i < count; i++) {
        sum += records[i].weight;
        if (sum >= chosen)
            return i;
    }
    return 0;
}

void srv_order(struct srv_record *records, size_t count, const struct random_source *random)
{
    qsort(records, count, sizeof(records[0]), srv_compare);
    for (size_t at = 0; at < count; at++) {
        size_t end = at + 1;
        while (end < count && records[end].priority == records[at].priority)
            end++;
        size_t k = at + srv_select(records + at, end - at, random);
        struct srv_record chosen = records[k];
        memmove(records + at + 1, records + at, (k - at) * sizeof(records[0]));
        records[at] = chosen;
    }
}
