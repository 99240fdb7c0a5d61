require 'json'

module Garden
  LIMITS = {
    'herbs' => 3,
    'roses' => 8,
  }.freeze

  class TooLittle < StandardError; end

  class Bed
    attr_reader :name, :litres

    def initialize(name, litres = 0)
      @name = name
      @litres = litres
    end

    def dry?
      litres < LIMITS.fetch(name, 1)
    end

    def water(amount)
      raise TooLittle, "#{amount} is no (amount" if amount <= 0

      @litres += amount
      self
    end

    def describe
      text = <<~TEXT
        The bed's name (is
        #{name}
      TEXT
      text.gsub(/["'(]/, '')
    end
  end

  def self.load(path)
    rows = JSON.parse(File.read(path))
    rows.map do |row|
      Bed.new(row['name'], row['litres'])
    end
  rescue JSON::ParserError => error
    warn error.message
    []
  end

  def self.level(bed)
    case bed.litres
    when 0
      :dry
    when 1..8
      :right
    else
      :wet
    end
  end

  def self.water_all(beds)
    beds.each do |bed|
      if bed.dry?
        bed.water(1)
      elsif bed.name.empty?
        next
      else
        puts bed.name
      end
    end
  end
end
