using System;
using System.Collections.Generic;
using System.Linq;

namespace Garden
{
    public interface IBed
    {
        string Name { get; }
        double Litres { get; set; }
    }

    public class Watering
    {
        private readonly List<IBed> beds = new List<IBed>();

        public event Action<IBed> Watered;

        public Watering(IEnumerable<IBed> beds)
            : base()
        {
            this.beds.AddRange(beds);
        }

        /// <summary>Gives each bed some litres.</summary>
        public double WaterAll(double litres)
        {
            if (litres <= 0)
            {
                throw new ArgumentException($"{litres} is no amount (of {beds.Count}");
            }
            else if (beds.Count == 0)
            {
                return 0;
            }

            foreach (var bed in beds)
            {
                bed.Litres += litres;
                Watered?.Invoke(bed);
            }

            return litres * beds.Count;
        }

        public IDictionary<string, double> Totals()
        {
            return beds
                .GroupBy(bed => bed.Name)
                .ToDictionary(
                    group => group.Key,
                    group => group.Sum(bed => bed.Litres));
        }

        private static string Level(IBed bed)
        {
            var path = @"c:\garden\";
            switch (bed.Name)
            {
                case "herbs":
                    return path + '{';
                default:
                    return path;
            }
        }
    }
}
