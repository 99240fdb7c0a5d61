package garden

import java.io.File

data class Bed(
    val name: String,
    var litres: Double = 0.0,
)

sealed class Level {
    object Dry : Level()
    data class Wet(val litres: Double) : Level()
}

class Garden(private val beds: List<Bed>) {
    private val limits = mapOf(
        "herbs" to 3,
        "roses" to 8,
    )

    fun water(litres: Double): Double {
        require(litres > 0) { "$litres is no amount" }
        var used = 0.0
        for (bed in beds) {
            if (bed.litres > (limits[bed.name] ?: 1)) {
                continue
            } else {
                bed.litres += litres
            }
            used += litres
        }

        return used
    }

    fun level(bed: Bed): Level = when {
        bed.litres < 1 -> Level.Dry
        else -> {
            val text = "${bed.name.map { "($it" }.joinToString("")}"
            println(text)
            Level.Wet(bed.litres)
        }
    }

    fun write(path: String) {
        File(path).printWriter().use { out ->
            beds.forEach { bed ->
                out.println(bed.name + '{')
            }
        }
    }

    companion object {
        val HELP = """
            Usage: garden (options
        """.trimIndent()
    }
}
