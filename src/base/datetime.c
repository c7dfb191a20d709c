#include "base/datetime.h"

#include <stdio.h>

enum { DAY_S = 86400 };

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. The year begins in March, so
 * that its last day is the one that leap years add. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

void datetime_format(int64_t unix_s, char out[DATETIME_BYTES])
{
    int64_t first = days_of(1, 1, 1) * DAY_S, last = days_of(10000, 1, 1) * DAY_S - 1;
    int64_t at = unix_s < first ? first : unix_s > last ? last : unix_s;
    int64_t days = at / DAY_S - (at % DAY_S < 0);
    unsigned second = (unsigned)(at - days * DAY_S);
    /* A guess that is at most one year short, then counted up. */
    int year = (int)((days + 719468) * 400 / 146097) - 1, month = 1;
    year = year < 1 ? 1 : year;
    while (days_of(year + 1, 1, 1) <= days)
        year++;
    while (month < 12 && days_of(year, month + 1, 1) <= days)
        month++;
    unsigned day = (unsigned)(days - days_of(year, month, 1)) + 1;
    /* The remainders change nothing: they tell the compiler how long the text is. */
    snprintf(out, DATETIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
             (unsigned)month % 100, day % 100, second / 3600 % 100, second / 60 % 60, second % 60);
}

/* ---- reading ---- */

static bool literal(struct str *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool digits(struct str *s, size_t count, int min, int max, int *ret)
{
    if (s->len < count)
        return false;
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        *ret = *ret * 10 + (s->ptr[i] - '0');
    }
    s->ptr += count;
    s->len -= count;
    return *ret >= min && *ret <= max;
}

static bool fraction(struct str *s)
{
    if (!literal(s, '.'))
        return true;
    int digit;
    bool any = false;
    while (s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9')
        any = digits(s, 1, 0, 9, &digit);
    return any;
}

/* What is to be taken off to have UTC. */
static bool zone(struct str *s, int *ret_offset_s)
{
    int hours, minutes;
    *ret_offset_s = 0;
    if (literal(s, 'Z'))
        return true;
    bool east = literal(s, '+');
    if (!east && !literal(s, '-'))
        return false;
    if (!digits(s, 2, 0, 14, &hours) || !literal(s, ':') || !digits(s, 2, 0, 59, &minutes))
        return false;
    *ret_offset_s = (hours * 3600 + minutes * 60) * (east ? 1 : -1);
    return true;
}

bool datetime_parse(struct str text, int64_t *ret_unix_s)
{
    int year, month, day, hour, minute, second, offset_s;
    struct str s = text;
    if (!digits(&s, 4, 1, 9999, &year) || !literal(&s, '-') || !digits(&s, 2, 1, 12, &month) ||
        !literal(&s, '-') || !digits(&s, 2, 1, days_in_month(year, month), &day) ||
        !literal(&s, 'T') || !digits(&s, 2, 0, 23, &hour) || !literal(&s, ':') ||
        !digits(&s, 2, 0, 59, &minute) || !literal(&s, ':') || !digits(&s, 2, 0, 60, &second) ||
        !fraction(&s) || !zone(&s, &offset_s) || s.len > 0)
        return false;
    *ret_unix_s = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    return true;
}
