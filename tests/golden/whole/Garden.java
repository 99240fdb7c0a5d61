package garden;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Beds of a garden. */
public class Garden {
    private static final Map<String, Integer> LIMITS = Map.of(
        "herbs", 3,
        "roses", 8
    );
    private final List<Bed> beds = new ArrayList<>();

    public Garden(List<Bed> beds) {
        this.beds.addAll(beds);
    }

    /**
     * Waters all beds (but for the wet ones).
     */
    public int water(int litres) throws InterruptedException {
        int used = 0;
        for (Bed bed : beds) {
            if (bed.litres() > LIMITS.getOrDefault(bed.name(), 1)) {
                continue;
            }
            try {
                bed.add(litres);
                used += litres;
            } catch (IllegalStateException error) {
                System.err.println("} " + error.getMessage());
            } finally {
                bed.rest();
            }
        }

        return used;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        beds.forEach(bed -> {
            text.append(bed.name()).append('(');
            text.append(bed.litres()).append(')');
        });
        return text.toString();
    }

    static String level(int litres) {
        switch (litres) {
            case 0:
                return "dry";
            case 1:
            case 2:
                return "right";
            default:
                return "wet";
        }
    }
}
