#include <stdio.h>
#include <string.h>

#define MOST_BEDS 16
#ifndef GARDEN_LOG
#define GARDEN_LOG(text) fprintf(stderr, "(%s\n", text)
#endif

struct bed {
    const char *name;
    double litres;
};

static struct bed beds[MOST_BEDS] = {
    {"herbs", 1.0},
    {"roses", 2.0},
};

/* Finds a bed by its name. */
static struct bed *find_bed(const char *name)
{
    for (size_t i = 0; i < MOST_BEDS; i++) {
        if (beds[i].name && strcmp(beds[i].name, name) == 0)
            return &beds[i];
    }
    return NULL;
}

int water(const char *name, double litres)
{
    struct bed *bed = find_bed(name);
    int result = -1;

    if (!bed)
        goto out;
    if (litres <= 0) {
        GARDEN_LOG("no amount of water");
        goto out;
    } else {
        bed->litres += litres;
    }
    result = 0;
out:
    return result;
}

const char *level(const struct bed *bed)
{
    switch ((int)bed->litres) {
    case 0:
        return "dry";
    case 1:
#ifdef GARDEN_MOSS
        if (strchr(bed->name, '{')) {
            return "moss";
        }
#else
        puts("right");
#endif
        break;
    default:
        break;
    }
    return "wet";
}
