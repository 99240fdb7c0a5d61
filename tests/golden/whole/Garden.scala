package garden

import scala.collection.mutable

final case class Bed(name: String, litres: Double = 0.0) {
  def isDry: Boolean = litres < 1

  def water(amount: Double): Bed = {
    require(amount > 0, s"${amount} is no (amount")
    copy(litres = litres + amount)
  }
}

object Garden {
  private val limits = Map(
    "herbs" -> 3,
    "roses" -> 8
  )

  def level(bed: Bed): String = bed.litres match {
    case 0 => "dry"
    case litres if litres < limits.getOrElse(bed.name, 1) =>
      val text = "right"
      text
    case _ => "wet"
  }

  def totals(beds: Seq[Bed]): Map[String, Double] = {
    val found = mutable.Map.empty[String, Double]
    for (bed <- beds) {
      if (found.contains(bed.name)) {
        found(bed.name) += bed.litres
      } else {
        found(bed.name) = bed.litres
      }
    }
    found.toMap
  }

  def main(args: Array[String]): Unit = {
    try {
      args.foreach { name =>
        println(name + '{')
      }
    } catch {
      case error: RuntimeException =>
        println(error.getMessage)
    } finally {
      println("""done (
        |""".stripMargin)
    }
  }
}
